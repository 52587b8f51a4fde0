import { OWNER, PREFIX, run, sleep } from "./measure.ts";
import { SYSTEMD_TOOLS } from "./systemd.ts";
import { bomb, directory, ended, sh, type Tool } from "./tool.ts";

const namespace = `${PREFIX}c`;

const spooled = new Map<string, string>();
const spooler = { TS_SOCKET: `${directory}/ts`, TMPDIR: directory };
const taskSpooler: Tool = {
  name: "task-spooler",
  begin: () => void sh("tsp -S 2000", spooler),
  launch: (task) => spooled.set(task, sh("tsp sleep 1000", spooler)),
  check: (task) => sh(`tsp -s ${spooled.get(task)}`, spooler),
  stop: async (task) => {
    sh(`tsp -k ${spooled.get(task)}`, spooler);
    while (sh(`tsp -s ${spooled.get(task)}`, spooler) === "running") await sleep(1);
  },
  list: () => sh("tsp", spooler),
  hear: (task) => ended("tsp", ["-w", spooled.get(task) ?? ""], spooler),
  bomb: {
    launch: () => spooled.set("bomb", sh(`tsp ${bomb}`, spooler)),
    stop: () => sh(`tsp -k ${spooled.get("bomb")}`, spooler),
  },
  resident: /^tsp/,
  end: () => void sh("tsp -K", spooler),
};

const queued = new Map<string, string>();
const nq: Tool = {
  name: "nq",
  begin: () => void sh("command -v nq"),
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
  hear: (task) => ended("nq", ["-w", queued.get(task) ?? ""], { NQDIR: `${directory}/nq-${task}` }),
  bomb: {
    launch: () => {
      const place = `${directory}/nq-bomb`;
      queued.set(
        "bomb",
        sh(`mkdir -p ${place} && nq ${bomb}`, { NQDIR: place }).split("\n")[0] ?? "",
      );
    },
    // To wait for it would be to wait for all who have inherited its lock.
    stop: () => sh(`kill ${queued.get("bomb")?.split(".").at(-1)}`),
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
        "stdout_logfile=NONE\nstderr_logfile=NONE\n" +
        `[program:bomb]\ncommand=${bomb}\nautostart=false\nstartsecs=0\nstopasgroup=true\n` +
        "killasgroup=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n",
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
  bomb: {
    launch: () => sh(`${control} start bomb`),
    stop: () => sh(`${control} stop bomb`),
  },
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
    sh(`mkdir -p ${services}/bomb && cd ${services}/bomb && touch down && ln -s ${bomb} run`);
    runsvdir = new Deno.Command("runsvdir", { args: [services], stdin: "null", ...OWNER }).spawn();
    while (
      !sh(`ls -d ${services}/*/supervise/ok 2>/dev/null | wc -l || :`).startsWith(`${count + 1}`)
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
  bomb: {
    launch: () => sh(`sv start ${services}/bomb`),
    stop: () => sh(`sv force-stop ${services}/bomb`),
  },
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
  bomb: {
    launch: () => sh(`${pm2Program} start ${bomb} --name bomb --interpreter none`, home),
    stop: () => sh(`${pm2Program} delete bomb`, home),
  },
  resident: /PM2/,
  end: () => void sh(`${pm2Program} kill`, home),
};

const ancestorProgram = Deno.env.get("LANCO_BENCH_ANCESTOR") ?? "";
const ancestor: Tool = {
  name: "lanco in C",
  begin: () => {
    if (ancestorProgram === "") throw new Error("give its path with --ancestor");
    run(ancestorProgram, [namespace, "init", "-u", "nobody"], {});
  },
  launch: (task) => run(ancestorProgram, [namespace, "run", task, "sleep", "1000"]),
  check: (task) => run(ancestorProgram, [namespace, "check", task]),
  stop: (task) => run(ancestorProgram, [namespace, "stop", task]),
  launchAll: async (tasks) => {
    for (const task of tasks) await run(ancestorProgram, [namespace, "run", task, "sleep", "1000"]);
  },
  // It sleeps a second before it looks whether the task has ended: all at once.
  stopAll: async (tasks) =>
    void await sh(`for task in ${tasks.join(" ")}; do
      ${ancestorProgram} ${namespace} stop "$task" &
    done; wait`),
  list: () => run(ancestorProgram, [namespace, "ls"]),
  bomb: {
    launch: () => run(ancestorProgram, [namespace, "run", "bomb", bomb]),
    stop: () => run(ancestorProgram, [namespace, "stop", "bomb"]),
  },
  resident: /^$/,
  end: () => void run(ancestorProgram, [namespace, "release"], {}),
};

/** What else launches tasks. */
export const OTHERS = [ancestor, ...SYSTEMD_TOOLS, taskSpooler, nq, supervisor, runit, pm2];
