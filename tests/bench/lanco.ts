import { LANCO, OWNER, PREFIX, run } from "./measure.ts";
import { bomb, ended, sh, type Tool } from "./tool.ts";

const namespace = `${PREFIX}b`;

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
        if (exitStatus !== 0 && exitStatus < 128) throw new Error(line);
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
  hear: (task) => ended(LANCO, [namespace, "wait", task]),
  bomb: {
    launch: () => run(LANCO, [namespace, "run", "bomb", bomb]),
    stop: () => run(LANCO, [namespace, "stop", "--now", "bomb"]),
  },
  // The second is that of version 1.1.0.
  resident: /^\/bin\/sh -c (?:eval "\$1" lanco-shim |(?![^]*# The nursery:)[^]*# The shim:)/,
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
  hear: async (task) => await batch?.ask("wait", task),
  bomb: {
    launch: () => batch?.ask("run", "bomb", bomb),
    stop: () => batch?.ask("stop", "--now", "bomb"),
  },
  resident: /lanco \S+ batch|^\/bin\/sh -c (?:eval "\$1" lanco-pool |[^]*# The nursery:)/,
  end: async () => await batch?.close(),
};

const shell: Tool = {
  name: "lanco, by test -d",
  begin: () => {},
  launch: () => {},
  check: (task) => sh(`test -d /run/lanco/${namespace}/named/task-${task} || :`),
  stop: () => {},
  resident: /^$/,
  end: () => {},
};

/** lanĉo by a program for each request, by a batch, and what a shell can do for nothing. */
export const LANCO_TOOLS = [lanco, batched, shell];
