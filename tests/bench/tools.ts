/** What launches tasks, beside lanĉo: each does the same work, a "sleep 1000" under a name. */
import { LANCO, OWNER, PREFIX, run, sleep, WORK } from "./measure.ts";

/** One way to launch tasks. */
export interface Tool {
  name: string;
  /** Makes all ready for so many tasks; throws if it cannot. */
  begin(count: number): Promise<void> | void;
  launch(task: string): Promise<unknown> | unknown;
  check(task: string): Promise<unknown> | unknown;
  stop(task: string): Promise<unknown> | unknown;
  /** All of them, for who can do that at once. */
  launchAll?(tasks: string[]): Promise<void>;
  stopAll?(tasks: string[]): Promise<void>;
  /** Prints all. */
  list?(): unknown;
  /** What its processes are called that are resident, and those of a task beside the task itself. */
  resident: RegExp;
  end(): Promise<void> | void;
}

const directory = `${WORK}/beside`;
const namespace = `${PREFIX}b`;

function sh(line: string, env: Record<string, string> = {}): string {
  // A file, for a pipe would be held open by whatever goes on in the background.
  const said = `${directory}/said`;
  const { code } = new Deno.Command("/usr/bin/timeout", {
    args: ["20", "/bin/sh", "-c", `exec >${said} 2>&1\n${line}`],
    cwd: "/",
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
    ...OWNER,
  }).outputSync();
  const text = Deno.readTextFileSync(said).trim();
  if (code !== 0) throw new Error(`${line}: ${code} ${text}`);
  return text;
}

/** A batch that stays open. */
class Batch {
  #writer: WritableStreamDefaultWriter<Uint8Array>;
  #waiting = new Map<number, () => void>();
  #id = 0;

  constructor(private readonly process: Deno.ChildProcess) {
    this.#writer = process.stdin.getWriter();
    this.#listen();
  }

  static open(): Batch {
    const pipes = { stdin: "piped", stdout: "piped", stderr: "null" } as const;
    const command = new Deno.Command(LANCO, { args: [namespace, "batch"], ...pipes, ...OWNER });
    return new Batch(command.spawn());
  }

  async #listen(): Promise<void> {
    let rest = "";
    for await (const text of this.process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const { id, exitStatus } = JSON.parse(line);
        if (exitStatus !== 0) throw new Error(line);
        this.#waiting.get(id)?.();
      }
    }
  }

  ask(command: string, ...args: string[]): Promise<void> {
    const id = this.#id++;
    const answered = new Promise<void>((resolve) => this.#waiting.set(id, resolve));
    const line = JSON.stringify({ id, command, args }) + "\n";
    this.#writer.write(new TextEncoder().encode(line));
    return answered;
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.process.status;
  }
}

const lanco: Tool = {
  name: "lanco",
  begin: () => void run(LANCO, [namespace, "init", "-u", "nobody"], {}),
  launch: (task) => run(LANCO, [namespace, "run", task, "sleep", "1000"]),
  check: (task) => run(LANCO, [namespace, "check", task]),
  stop: (task) => run(LANCO, [namespace, "stop", task]),
  launchAll: async (tasks) => {
    for (const task of tasks) await run(LANCO, [namespace, "run", task, "sleep", "1000"]);
  },
  stopAll: async (tasks) => void await run(LANCO, [namespace, "stop", ...tasks]),
  list: () => run(LANCO, [namespace, "ls"]),
  resident: /^\/bin\/sh -c # Started by "run"/,
  end: () => void run(LANCO, [namespace, "release"], {}),
};

let batch: Batch | undefined;
const batched: Tool = {
  name: "lanco batch",
  begin: () => void (batch = Batch.open()),
  launch: (task) => batch?.ask("run", task, "sleep", "1000"),
  check: (task) => batch?.ask("check", task),
  stop: (task) => batch?.ask("stop", task),
  launchAll: async (tasks) =>
    void await Promise.all(tasks.map((task) => batch?.ask("run", task, "sleep", "1000"))),
  stopAll: async (tasks) => void await Promise.all(tasks.map((task) => batch?.ask("stop", task))),
  resident: /lanco \S+ batch/,
  end: async () => await batch?.close(),
};

const shell: Tool = {
  name: "lanco, by test -d",
  begin: () => {},
  launch: () => {},
  check: () => sh(`test -d /run/lanco/${namespace}/named`),
  stop: () => {},
  resident: /^$/,
  end: () => {},
};

const spooled = new Map<string, string>();
const spooler = { TS_SOCKET: `${directory}/ts`, TMPDIR: directory };
const taskSpooler: Tool = {
  name: "task-spooler",
  begin: () => void sh("tsp -S 2000", spooler),
  launch: (task) => spooled.set(task, sh("tsp -n sleep 1000", spooler)),
  check: (task) => sh(`tsp -s ${spooled.get(task)}`, spooler),
  stop: async (task) => {
    sh(`tsp -k ${spooled.get(task)}`, spooler);
    while (sh(`tsp -s ${spooled.get(task)}`, spooler) === "running") await sleep(1);
  },
  list: () => sh("tsp", spooler),
  resident: /^tsp/,
  end: () => void sh("tsp -K", spooler),
};

const queued = new Map<string, string>();
const nq: Tool = {
  name: "nq",
  begin: () => {},
  launch: (task) => {
    const place = `${directory}/nq-${task}`;
    queued.set(
      task,
      sh(`mkdir -p ${place} && nq sleep 1000`, { NQDIR: place }).split("\n")[0] ?? "",
    );
  },
  check: (task) => sh(`! nq -t ${queued.get(task)}`, { NQDIR: `${directory}/nq-${task}` }),
  // The process id is the last part of a job's name.
  stop: (task) => {
    const job = queued.get(task) ?? "";
    sh(`kill ${job.split(".").at(-1)}; nq -w ${job}`, { NQDIR: `${directory}/nq-${task}` });
  },
  resident: /^nq/,
  end: () => {},
};
const configuration = `${directory}/supervisord.conf`;
const control = `supervisorctl -c ${configuration}`;
const supervisor: Tool = {
  name: "supervisor",
  begin: async (count) => {
    const socket = `${directory}/supervisor.sock`;
    Deno.writeTextFileSync(
      configuration,
      `[unix_http_server]\nfile=${socket}\n[supervisord]\nlogfile=/dev/null\nlogfile_maxbytes=0\n` +
        `pidfile=${directory}/supervisord.pid\n[rpcinterface:supervisor]\n` +
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n" +
        `[supervisorctl]\nserverurl=unix://${socket}\n[program:t]\ncommand=sleep 1000\n` +
        `autostart=false\nstartsecs=0\nprocess_name=t%(process_num)d\nnumprocs=${count}\n` +
        "stdout_logfile=NONE\nstderr_logfile=NONE\n",
    );
    sh(`supervisord -c ${configuration}`);
    await sleep(2000);
  },
  launch: (task) => sh(`${control} start t:${task}`),
  check: (task) => sh(`${control} status t:${task}`),
  stop: (task) => sh(`${control} stop t:${task}`),
  launchAll: async (tasks) =>
    void await sh(`${control} start ${tasks.map((t) => `t:${t}`).join(" ")}`),
  stopAll: async (tasks) =>
    void await sh(`${control} stop ${tasks.map((t) => `t:${t}`).join(" ")}`),
  list: () => sh(`${control} status || :`),
  resident: /supervisord/,
  end: () => void sh(`${control} shutdown`),
};

let runsvdir: Deno.ChildProcess | undefined;
const services = `${directory}/sv`;
const runit: Tool = {
  name: "runit",
  begin: async (count) => {
    for (let i = 0; i < count; i++) {
      sh(`mkdir -p ${services}/t${i} && cd ${services}/t${i} && touch down &&
        printf '#!/bin/sh\\nexec sleep 1000\\n' >run && chmod 755 run`);
    }
    runsvdir = new Deno.Command("runsvdir", { args: [services], stdin: "null", ...OWNER }).spawn();
    while (
      !sh(`ls -d ${services}/*/supervise/ok 2>/dev/null | wc -l || :`).startsWith(`${count}`)
    ) {
      await sleep(100);
    }
  },
  launch: (task) => sh(`sv start ${services}/${task}`),
  check: (task) => sh(`sv status ${services}/${task}`),
  stop: (task) => sh(`sv stop ${services}/${task}`),
  launchAll: async (tasks) =>
    void await sh(`sv start ${tasks.map((t) => `${services}/${t}`).join(" ")}`),
  stopAll: async (tasks) =>
    void await sh(`sv stop ${tasks.map((t) => `${services}/${t}`).join(" ")}`),
  list: () => sh(`sv status ${services}/* || :`),
  resident: /^runsv/,
  end: async () => {
    runsvdir?.kill("SIGHUP");
    await runsvdir?.status;
  },
};

const home = { PM2_HOME: `${directory}/pm2`, HOME: directory };
const pm2Program = Deno.env.get("LANCO_BENCH_PM2") ?? "pm2";
const pm2: Tool = {
  name: "pm2",
  begin: () => void sh(`${pm2Program} ping`, home),
  launch: (task) => sh(`${pm2Program} start sleep --name ${task} --interpreter none -- 1000`, home),
  check: (task) => sh(`${pm2Program} describe ${task}`, home),
  stop: (task) => sh(`${pm2Program} delete ${task}`, home),
  stopAll: async () => void await sh(`${pm2Program} delete all`, home),
  list: () => sh(`${pm2Program} ls`, home),
  resident: /PM2/,
  end: () => void sh(`${pm2Program} kill`, home),
};

const ancestorProgram = Deno.env.get("LANCO_BENCH_ANCESTOR") ?? "";
const ancestor: Tool = {
  name: "lanco in C",
  begin: () => {
    if (ancestorProgram === "") throw new Error("give its path with --ancestor");
    run(ancestorProgram, [`${namespace}c`, "init", "-u", "nobody"], {});
  },
  launch: (task) => run(ancestorProgram, [`${namespace}c`, "run", task, "sleep", "1000"]),
  check: (task) => run(ancestorProgram, [`${namespace}c`, "check", task]),
  stop: (task) => run(ancestorProgram, [`${namespace}c`, "stop", task]),
  list: () => run(ancestorProgram, [`${namespace}c`, "ls"]),
  resident: /^$/,
  end: () => void run(ancestorProgram, [`${namespace}c`, "release"], {}),
};

/** All, lanĉo first: the others are made ready in its namespace's stead. */
export const TOOLS = [lanco, batched, shell, ancestor, taskSpooler, nq, supervisor, runit, pm2];

/** The directory of what they need, the owner's. */
export function makeDirectory(): void {
  Deno.mkdirSync(directory, { recursive: true });
  Deno.chownSync(directory, OWNER.uid, OWNER.gid);
}
