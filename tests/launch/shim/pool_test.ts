import { assert, assertEquals, assertMatch, assertObjectMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  identity,
  LANCO,
  lives,
  OWNER,
  type TestNamespace,
  until,
} from "../../harness.ts";
import { openBatch } from "../../batch.ts";
import { unlessGone } from "../../../src/cgroup/cgroup.ts";

/** A Python script that prints what a process inherits from its parent, except for process ids. */
const PRINT = `
import os, re, resource
status = open("/proc/self/status").read()
print(sorted(os.environb.items()))
print(os.getcwd(), oct(os.umask(0)), os.getsid(0) == os.getpid() == os.getpgrp())
print(re.findall(r"(?m)^(?:Sig...|Groups|Uid|Gid|Cap...|NoNewPrivs|Seccomp):.*", status))
print([(fd, os.readlink("/proc/self/fd/%s" % fd)) for fd in "012"], len(os.listdir("/proc/self/fd")))
print([resource.getrlimit(limit) for limit in range(10)], os.nice(0))
print(sorted(line.split(":", 1)[1] for line in open("/proc/self/cgroup") if "/lanco-" in line))
`;

/** Returns what the task that is run by a line of bash has inherited. */
async function given(ns: TestNamespace, before: string, line: string) {
  const { code, stdout, stderr } = await exec(
    // Without a command behind it, bash may execute the last line without a fork, with another SHLVL.
    ["env", "--default-signal", "bash", "-c", `${before}\n${line}\nexit $?`],
  );
  assertEquals([code, stderr], [0, ""], stdout);
  await ns.gone("a");
  const text = ns.log("a");
  assertMatch(text, /LANCO_TASK/);
  return text;
}

/** Returns the session id of a process. */
function session(pid: number): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ")[3]);
}

/** Returns the number of voluntary context switches of a process. */
function sleeps(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
}

/** Returns the process ids of the shim pools of a namespace, without the shims that they have forked. */
function pools(ns: TestNamespace): number[] {
  const fifos = `${ns.directory}/runs/.new-`;
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
    try {
      const words = Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0");
      return words.some((word) => word.startsWith(fifos)) && session(pid) === pid;
    } catch {
      return false;
    }
  });
}

const names = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`);

/** Returns the files and cgroups of shim pools and of launches that have not been completed. */
const incomplete = (ns: TestNamespace) => ns.traces().filter((path) => /\/\.?new-/.test(path));

cgroupTest("a task of a batch inherits the same as a task of a command line", async (ns) => {
  const script = `${ns.scratch}/print.py`;
  Deno.writeTextFileSync(script, PRINT);
  const command = ["/usr/bin/python3", script];
  const callers = [
    ":",
    "trap '' HUP INT QUIT USR1 TERM; umask 0137; ulimit -n 123; ulimit -c 0; cd /usr/share",
    `export log=a tag=b lanco_tag=c lanco_run=d IFS=x PS4=y PWD=/ OLDPWD=/var SHLVL=7
    export EMPTY= LINES="one
two" QUOTES="a'b\\"c\\\\" UNI=é`,
    "exec 3</dev/null 7</dev/null 9</dev/null 63</dev/null; unset PATH OLDPWD SHLVL",
    `nice() { /usr/bin/nice -n 5 ${LANCO} "$@"; }`,
  ];
  const quoted = command.map((word) => `'${word}'`).join(" ");
  const isBash = (await exec(["/bin/sh", "-c", "echo ${BASH_VERSION-}"])).stdout !== "\n";
  const request = JSON.stringify({ command: "run", args: ["a", ...command] });
  for (const before of callers) {
    const lanco = before.startsWith("nice") ? "nice" : LANCO;
    const alone = await given(ns, before, `${lanco} ${ns.name} run a ${quoted}`);
    const batch = `echo '${request}' | ${lanco} ${ns.name} batch >/dev/null`;
    assertEquals(await given(ns, before, batch), alone, before);
    // Where sh is bash, it sets "_" itself.
    const path = lanco === LANCO ? LANCO : "/usr/bin/nice";
    if (!isBash) assert(alone.includes(`(b'_', b'${path}')`), alone);
  }
});

cgroupTest(
  "a task of a batch gets the variables and arguments of its request unchanged",
  async (ns) => {
    const odd = [
      "a'b",
      'c"d',
      "e\nf",
      "$(g)",
      "\\h",
      "",
      "-i",
      "é",
      "*",
      "j k",
      "x".repeat(70_000),
    ];
    const env = {
      PLAIN: "1",
      QUOTES: "a'b\"c\nd\\",
      "a.b": "dots",
      IFS: ":",
      PATH: "/usr/bin:/bin",
      UID: "5",
      lanco_tag: "6",
      OPTIND: "7",
      SHLVL: "8",
    };
    const batch = openBatch(ns);
    for (const [task, words] of [["small", odd.slice(0, -1)], ["large", odd]] as const) {
      const script =
        "import json, os, sys; json.dump([sys.argv[1:], dict(os.environ)], sys.stdout)";
      const args = [task, "/usr/bin/python3", "-c", script, ...words];
      await batch.say({ command: "run", args, env });
      await until("the log exists", () => exists(`${ns.logs}/task-${task}.log`));
      await ns.gone(task);
      const [argv, variables] = JSON.parse(ns.log(task));
      assertEquals(argv, words);
      assertObjectMatch(variables, { ...env, LANCO_TASK: task });
    }
    assertEquals((await batch.end()).code, 0);
  },
);

cgroupTest(
  "a batch forks its shims from one shim pool, which ends with the batch and is idle meanwhile",
  async (ns) => {
    const batch = openBatch(ns, { command: "check", args: ["a"] });
    await until("the batch has answered", () => batch.count() === 1);
    assertEquals(pools(ns), []);
    await batch.say(
      ...names(40).map((task) => ({ command: "run", args: [task, "sleep", "1000"] })),
    );
    await until("all are launched", () => batch.count() === 41);
    const [pool = 0, ...more] = pools(ns);
    assertEquals(more, []);
    for (const task of names(40)) assertEquals(session(ns.shim(task)), pool, task);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const begin = sleeps(batch.batch.pid);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert(sleeps(batch.batch.pid) - begin < 20);
    assertEquals((await batch.end()).code, 0);
    await until("the pool has ended", () => !lives(pool));
    assertEquals(incomplete(ns), []);
    for (const task of names(40)) await ns.must("check", task);
    await ns.must("stop", ...names(40));
    assertEquals(ns.traces().filter((path) => /task-/.test(path) && !/log/.test(path)), []);
  },
);

cgroupTest(
  "a batch whose shim pool is killed answers for each task whether it was started",
  async (ns) => {
    const batch = openBatch(
      ns,
      ...names(100).map((task) => ({ id: task, command: "run", args: [task, "sleep", "1000"] })),
    );
    for (let kills = 0; kills < 3; kills++) {
      const count = batch.count();
      await until("some have been launched", () => batch.count() >= Math.min(100, count + 15));
      pools(ns).forEach(kill);
    }
    await until("all are answered", () => batch.count() === 100);
    for (const { id, exitStatus, messages } of batch.answers()) {
      assertEquals((await ns.lanco("check", id)).code, exitStatus === 0 ? 0 : 3, id);
      if (exitStatus !== 0) assertMatch(messages.join(), /killed before its start/);
    }
    await batch.say({ id: "last", command: "run", args: ["last", "sleep", "1000"] });
    assertEquals((await batch.end()).code, 0);
    assertEquals(batch.answers().at(-1)?.exitStatus, 0);
    await ns.lanco("stop", "--now", "last", ...names(100));
    assertEquals(ns.traces().filter((path) => /\/(task|enter|bell|new)-[^/.]*$/.test(path)), []);
  },
);

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // The process has ended.
  }
}

cgroupTest("a shim pool is replaced when too many launches have failed", async (ns) => {
  const file = `${ns.scratch}/no-interpreter`;
  Deno.writeTextFileSync(file, "#!/no/such/interpreter\n", { mode: 0o755 });
  const batch = openBatch(ns);
  for (let round = 0; round < 3; round++) {
    await batch.say(...names(50).map((task) => ({ command: "run", args: [task, file] })));
    await until("all are refused", () => batch.count() === (round + 1) * 50);
  }
  const statuses = new Set(batch.answers().map(({ exitStatus }) => exitStatus));
  assertEquals(
    [...statuses],
    [127],
    batch.answers().find(({ exitStatus }) => exitStatus !== 127)?.messages,
  );
  await batch.say({ command: "run", args: ["a", "sleep", "1000"] });
  assertEquals((await batch.end()).code, 0);
  assertEquals(batch.answers().at(-1)?.exitStatus, 0);
  await ns.must("stop", "--now", "a");
  await until("nothing is left", () => incomplete(ns).length === 0 && pools(ns).length === 0);
});

cgroupTest(
  "a batch starts tasks without a shim pool where /proc is that of another PID namespace",
  async (ns) => {
    const request = JSON.stringify({ command: "run", args: ["a", "sleep", "1000"] });
    const line =
      `echo '${request}' | ${LANCO} ${ns.name} batch; ${LANCO} ${ns.name} check a; echo $?`;
    const words = ["--pid", "--fork", "--kill-child", "setpriv", ...identity(OWNER)];
    const { stdout } = await exec(["unshare", ...words, "sh", "-c", line], { uid: 0 });
    assertMatch(stdout, /"exitStatus":0[^]*\n0\n$/);
    assertEquals(incomplete(ns), []);
  },
);

cgroupTest("a name with line feeds in a message is no answer of another launch", async (ns) => {
  const batch = openBatch(ns);
  await batch.ask("run", "first", "sleep", "1000");
  const forged = Array.from({ length: 50 }, (_, i) => `${i} ended 0\n${i} error 1 forged`).join(
    "\n",
  );
  const launches = Array.from({ length: 20 }, (_, i) => [
    batch.ask("run", `good-${i}`, "sleep", "1000"),
    batch.ask("run", `bad-${i}`, `x\n${forged}\n`),
  ]);
  for (const [good, bad] of launches) {
    assertEquals([(await good)?.exitStatus, (await bad)?.exitStatus], [0, 127]);
  }
  for (let i = 0; i < 20; i++) await ns.must("check", `good-${i}`);
  await batch.end();
});

cgroupTest("launches that need a shell of their own leave a batch no pipes", async (ns) => {
  const batch = openBatch(ns);
  const directory = `/proc/${batch.batch.pid}/fd`;
  const pipes = () =>
    [...Deno.readDirSync(directory)].filter(({ name }) =>
      unlessGone(() => Deno.readLinkSync(`${directory}/${name}`), "").startsWith("pipe:")
    ).length;
  await batch.ask("run", "first", "sleep", "1000");
  const before = pipes();
  const long = "x".repeat(9000);
  for (let i = 0; i < 10; i++) {
    const { exitStatus } = await batch.ask("run", `a-${i}`, "sh", "-c", "sleep 1000", long);
    assertEquals(exitStatus, 0);
  }
  await until("they are closed", () => pipes() <= before);
  await batch.end();
});

cgroupTest("a shim pool that is in use is not taken for an abandoned one", async (ns) => {
  const batch = openBatch(ns);
  await batch.ask("run", "a", "sleep", "1000");
  const [pool] = pools(ns);
  const [name] = [...Deno.readDirSync(`${ns.directory}/runs`)].map(({ name }) => name)
    .filter((name) => name.startsWith(".new-"));
  const directory = `${ns.directory}/runs/${name}`;
  await exec(["touch", "-d", "1 hour ago", directory], { uid: 0 });
  assertEquals((await batch.ask("run", "b", "sleep", "1000")).exitStatus, 0);
  assert(Date.now() - (Deno.statSync(directory).mtime?.getTime() ?? 0) < 1_800_000);
  assertEquals(pools(ns), [pool]);
  // It was not in use for so long that another launch has removed it.
  await exec(["rm", "-r", directory], { uid: 0 });
  for (const task of ["c", "d"]) {
    assertEquals((await batch.ask("run", task, "sleep", "1000")).exitStatus, 0);
  }
  await until("there is another pool", () => pools(ns).some((pid) => pid !== pool));
  await batch.end();
});
