import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  LANCO,
  LEGACY,
  lives,
  shell,
  start,
  type TestNamespace,
  TRACKER,
  until,
} from "../harness.ts";
import { whileActing } from "./acting.ts";

/** A task that does not end by itself; what is in it, with its shim. */
async function stubborn(ns: TestNamespace): Promise<number[]> {
  await ns.must("run", "a", "sh", "-c", "trap '' TERM; sleep 1000 & sleep 1000; sleep 1000");
  await until("all are there", () => ns.task("a").length === 3);
  return ns.pids("named/task-a");
}

/** Stops it as root, while the owner does something to what acts for root. */
async function stopWhile(
  ns: TestNamespace,
  how: string[],
  hinder: (acting: number) => string,
): Promise<string> {
  let said = "";
  await whileActing([LANCO, ns.name, "stop", ...how, "a"], async ({ acting, ended }) => {
    assertEquals((await shell(hinder(acting))).code, 0);
    const { code, stderr } = await ended;
    assertEquals(code, 0, stderr);
    assert(!lives(acting));
    said = stderr;
  });
  return said;
}

/** How an owner hinders what acts, and what root is told. */
const HINDRANCES: [string, (pid: number, ns: TestNamespace) => string, RegExp][] = [
  ["kills", (pid) => `kill -KILL ${pid}`, /was killed by SIGKILL: root kills what is left\n$/],
  ["holds", (pid) => `kill -STOP ${pid}`, /said nothing for 6 seconds and was killed: root/],
  ...(exists("/sys/fs/cgroup/freezer")
    ? [
      [
        "freezes",
        (pid: number, ns: TestNamespace) =>
          `cd ${ns.directory}/freezer && mkdir -p held && echo ${pid} >held/cgroup.procs &&
         echo FROZEN >held/freezer.state`,
        /said nothing for 6 seconds and was killed: root/,
      ] satisfies (typeof HINDRANCES)[number],
    ]
    : []),
];

for (const [verb, hinder, said] of HINDRANCES) {
  cgroupTest(`stop by root reaches its end when the owner ${verb} what acts for it`, async (ns) => {
    const pids = await stubborn(ns);
    const told = await stopWhile(ns, ["-t", "1"], (acting) => hinder(acting, ns));
    assertMatch(told, said);
    assertEquals(pids.filter(lives), []);
    assertEquals((await ns.lanco("check", "a")).code, 3);
    // The exit command of what does not run, too.
    await ns.must("run", "-c", "trap '' TERM; while :; do sleep 1; done", "a", "true");
    const exits = () =>
      [...Deno.readDirSync(`${ns.directory}/named`)].map(({ name }) => name)
        .filter((name) => /^exit-\d+-a$/.test(name)).flatMap((name) => ns.pids(`named/${name}`));
    await ns.gone("a");
    await until("it runs", () => exits().length >= 2);
    const running = exits();
    await stopWhile(ns, ["-t", "1"], (acting) => hinder(acting, ns));
    assertEquals(running.filter(lives), []);
    await until("it is gone", () => exits().length === 0);
  });
}

cgroupTest(
  "an owner who may have no more processes is said so, and stopped by root",
  async (ns) => {
    for (const how of [["-t", "1"], ["--now"]]) {
      const pids = await stubborn(ns);
      // Root himself is above this limit.
      const words = ["prlimit", "--nproc=1", LANCO, ns.name, "stop", ...how, "a"];
      const { code, stderr } = await exec(words, { uid: 0 });
      assertMatch(stderr, /cannot act as games: .*RLIMIT_NPROC.*: root kills what is left\n$/);
      assertEquals([code, pids.filter(lives)], [0, []]);
      assertEquals((await ns.lanco("check", "a")).code, 3);
    }
  },
);

cgroupTest("root takes from its owner what does not die at once", async (ns) => {
  const script = Deno.readTextFileSync(new URL("../../src/root/kill.sh", import.meta.url));
  const named = `${ns.directory}/named/task-a`;
  for (const sh of [["dash"], ["bash", "--posix"], ["busybox", "sh"]]) {
    const pids = await stubborn(ns);
    await shell(`mkdir ${named}/below; echo ${pids[1]} >${named}/below/cgroup.procs`);
    // It stays when all are dead, so that it can be seen whose it is then.
    Deno.writeTextFileSync(`${named}/notify_on_release`, "0");
    Deno.writeTextFileSync(`${named}/below/notify_on_release`, "0");
    const { ino } = Deno.statSync(named);
    // Of the named hierarchy nothing is killed before the sixtieth round.
    const words = [ns.name, "task-a", String(ino), "task-a", ""];
    const killed = await exec([...sh, "-c", script, "lanco", ...words], { uid: 0 });
    assertEquals([killed.code, pids.filter(lives)], [0, []], killed.stdout);
    for (const path of ["", "/cgroup.procs", "/tasks", "/below", "/below/cgroup.procs"]) {
      assertEquals(Deno.statSync(named + path).uid, 0, `${sh[0]}: ${path}`);
    }
    assertEquals((await shell(`echo $$ >${named}/cgroup.procs`)).code, 2);
    Deno.removeSync(`${named}/below`);
    Deno.removeSync(named);
    for (const name of Deno.readDirSync(ns.directory)) {
      const cgroup = `${ns.directory}/${name.name}/task-a`;
      if (name.isDirectory && name.name !== "runs" && exists(cgroup)) Deno.removeSync(cgroup);
    }
  }
});

cgroupTest("root's stop ends with his signal, and then kills nothing", async (ns) => {
  await stubborn(ns);
  await whileActing([LANCO, ns.name, "stop", "a"], async ({ outer, acting, ended }) => {
    await shell(`kill -STOP ${acting}`);
    Deno.kill(outer, "SIGTERM");
    const { code } = await ended;
    assertEquals(code, 143);
  });
  await ns.must("check", "a");
  assertEquals((await ns.lancoWith({ uid: 0 }, "stop", "--now", "a")).code, 0);
});

cgroupTest("root kills a shim that is held, and what its owner has frozen", async (ns) => {
  const pids = await stubborn(ns);
  Deno.kill(ns.shim("a"), "SIGSTOP");
  if (exists("/sys/fs/cgroup/freezer")) {
    await shell(`cd ${ns.directory}/freezer && mkdir held && echo FROZEN >held/freezer.state
      for pid in ${pids.join(" ")}; do echo $pid >held/cgroup.procs; done`);
  } else ns.freeze("a");
  // What it says of them is no matter.
  await shell(`rm -rf ${ns.directory}/runs/a`);
  assertEquals((await ns.lancoWith({ uid: 0 }, "stop", "--now", "a")).code, 0);
  assertEquals(pids.filter(lives), []);
});

cgroupTest("an owner who puts ever more into a task does not save it", async (ns) => {
  const pids = await stubborn(ns);
  const filler = start([
    "sh",
    "-c",
    `while :; do sleep 1003 & echo $! >"$1" || { kill $!; exit; }; done 2>/dev/null`,
    "sh",
    `${ns.directory}/named/task-a/cgroup.procs`,
  ]);
  try {
    await until("there are more", () => ns.pids("named/task-a").length > pids.length + 5);
    const { code, stderr } = await ns.lancoWith({ uid: 0 }, "stop", "--now", "a");
    assertEquals(code, 0, stderr);
    assertEquals(pids.filter(lives), []);
  } finally {
    // It ends by itself when it may put nothing more there.
    const timer = setTimeout(() => filler.kill("SIGKILL"), 10_000);
    const { code } = await filler.status;
    clearTimeout(timer);
    assertEquals(code, 0);
  }
});

cgroupTest("an owner who renames a task in time does not save it", async (ns) => {
  const pids = await stubborn(ns);
  await whileActing([LANCO, ns.name, "stop", "-t", "1", "a"], async ({ acting, ended }) => {
    // Of v2 nothing can be renamed.
    await shell(`kill -STOP ${acting}; cd ${ns.directory}
      for task in */task-a; do mv $task ${"$"}{task%/*}/b 2>/dev/null; done`);
    assert(exists(`${ns.directory}/named/b`));
    const { code, stderr } = await ended;
    assertEquals(code, 0, stderr);
    assertEquals(pids.filter(lives), []);
  });
});

cgroupTest("root's work to kill does not grow with the cgroups below a task", async (ns) => {
  const script = Deno.readTextFileSync(new URL("../../src/root/kill.sh", import.meta.url));
  const pids = await stubborn(ns);
  const named = `${ns.directory}/named/task-a`;
  const { ino } = Deno.statSync(named);
  const fill =
    `for d in named ${TRACKER}; do cd ${ns.directory}/$d/task-a; seq 500 | xargs mkdir; done`;
  assertEquals((await shell(fill)).code, 0);
  const trace = `${ns.scratch}/trace`;
  const strace = ["strace", "-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-o", trace];
  const words = [ns.name, "task-a", String(ino), "task-a", "", TRACKER];
  const { code } = await exec([...strace, "sh", "-c", script, "lanco", ...words], { uid: 0 });
  assertEquals(code, 0);
  assertEquals(pids.filter(lives), []);
  const lines = Deno.readTextFileSync(trace).split("\n");
  const cats = lines.filter((line) => line.includes('/cat"')).length;
  const rounds = lines.filter((line) => line.includes('"sleep", "0.02"')).length + 1;
  assert(cats > 0 && cats <= 20 * rounds, `${cats} in ${rounds} rounds`);
});

cgroupTest("an owner who digs on hides no task from root", async (ns) => {
  const pids = await stubborn(ns);
  const [hidden = 0] = ns.task("a");
  // Where the kernel cannot say any more where a process is; and there others are made.
  const deep = `import os, sys, time
os.chdir(sys.argv[1])
for n in range(600):
    name = "x" * 200 if n < 30 else "d"
    os.mkdir(name)
    os.chdir(name)
    if n == 30:
        with open("cgroup.procs", "w") as file: file.write(sys.argv[2])
    if n > 30: time.sleep(0.002)`;
  const words = [`${ns.directory}/named/task-a`, String(hidden)];
  const digger = start(["/usr/bin/python3", "-c", deep, ...words]);
  try {
    await until("one is deep", () => !ns.pids("named/task-a").includes(hidden));
    const { code, stderr } = await ns.lancoWith({ uid: 0 }, "stop", "--now", "a");
    assertEquals(pids.filter(lives), [], stderr);
    // Without v2 nobody knows whether somebody is deeper.
    if (!LEGACY) assertEquals(code, 0, stderr);
  } finally {
    try {
      digger.kill("SIGKILL");
    } catch { /* what it dug in has been taken from it */ }
    await digger.status;
  }
});

cgroupTest("root kills this run, and no later one of its name, whatever the shell", async (ns) => {
  const script = Deno.readTextFileSync(new URL("../../src/root/kill.sh", import.meta.url));
  const named = `${ns.directory}/named/task-a`;
  for (const sh of [["dash"], ["bash", "--posix"], ["busybox", "sh"]]) {
    await stubborn(ns);
    const before = Deno.statSync(named).ino;
    await ns.must("stop", "--now", "a");
    const pids = await stubborn(ns);
    const own = [...Deno.readDirSync(ns.directory)].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => name)
      .filter((name) => name !== "named" && exists(`${ns.directory}/${name}/task-a/cgroup.procs`));
    assert(own.length > 0);
    const kill = (inode: number | null) =>
      exec(
        [...sh, "-c", script, "lanco", ns.name, "task-a", String(inode), "task-a", "", ...own],
        { uid: 0 },
      );
    assertEquals((await kill(before)).code, 0);
    assertEquals(pids.filter((pid) => !lives(pid)), []);
    assertEquals((await kill(Deno.statSync(named).ino)).code, 0, sh[0]);
    assertEquals(pids.filter(lives), []);
    await ns.gone("a");
  }
});

if (exists("/sys/fs/cgroup/freezer")) {
  cgroupTest(
    "where no cgroup can be killed, root freezes, kills what is listed, thaws",
    async (ns) => {
      const script = Deno.readTextFileSync(new URL("../../src/root/kill.sh", import.meta.url));
      const [named, freezer] = ["named", "freezer"].map((name) => `${ns.directory}/${name}/task-b`);
      // A storm that forks on and on, in cgroups of its own below, one of which is frozen.
      const storm = start([
        "sh",
        "-c",
        `mkdir $1 $2 $2/deep $2/held $2/cgroup.kill $2/cgroup.freeze; echo $$ >$1/cgroup.procs; echo $$ >$2/deep/cgroup.procs
       sleep 1004 & echo $! >$2/held/cgroup.procs; echo FROZEN >$2/held/freezer.state
       while :; do (setsid sleep 1004 & sleep 0.01) & sleep 0.01; done`,
        "sh",
        named ?? "",
        freezer ?? "",
      ]);
      try {
        await until("it rages", () => ns.pids("named/task-b").length > 20);
        const { ino } = Deno.statSync(named ?? "");
        const words = [ns.name, "task-b", String(ino), "task-b", "freezer", "freezer"];
        const { code, stdout } = await exec(["sh", "-c", script, "lanco", ...words], { uid: 0 });
        assertEquals([code, stdout], [0, ""]);
        assertEquals((await storm.status).signal, "SIGKILL");
        await until("nothing is left", () =>
          !exists(named ?? "") &&
          ["", "/deep", "/held"].every((below) => ns.pids(`freezer/task-b${below}`).length === 0));
      } finally {
        if (lives(storm.pid)) storm.kill("SIGKILL");
        await storm.status;
      }
      // Without v2 it is the task's own, and the agent has removed it.
      const remove = "[ ! -d $1 ] || find $1 -depth -type d -delete";
      assertEquals((await exec(["sh", "-c", remove, "sh", freezer ?? ""], { uid: 0 })).code, 0);
    },
  );
}
