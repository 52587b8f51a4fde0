import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  KEEPER,
  LANCO,
  LEGACY,
  lives,
  shell,
  start,
  type TestNamespace,
  TRACKER,
  until,
} from "../harness.ts";
import { FEW_PROCESSES, HINDRANCES, stubborn, whileActing } from "./owner_process.ts";

/** Stops the task as root, while the owner hinders the process that acts for root. */
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

for (const [verb, hinder] of HINDRANCES) {
  const said = verb === "kills"
    ? /was killed by SIGKILL: root kills what is left\n$/
    : /said nothing for 6 seconds and was killed: root/;
  cgroupTest(
    `stop by root succeeds though the owner ${verb} the process that acts for it`,
    async (ns) => {
      const pids = await stubborn(ns);
      const told = await stopWhile(ns, ["-t", "1"], (acting) => hinder(acting, ns));
      assertMatch(told, said);
      assertEquals(pids.filter(lives), []);
      assertEquals((await ns.lanco("check", "a")).code, 3);
      // The same for the exit command of a task that does not run.
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
    },
  );
}

cgroupTest(
  "stop by root reports that the owner's limit of processes is reached, and kills",
  async (ns) => {
    for (const how of [["-t", "1"], ["--now"]]) {
      const pids = await stubborn(ns);
      const words = [...FEW_PROCESSES, LANCO, ns.name, "stop", ...how, "a"];
      const { code, stderr } = await exec(words, { uid: 0 });
      assertMatch(stderr, /cannot act as games: .*RLIMIT_NPROC.*: root kills what is left\n$/);
      assertEquals([code, pids.filter(lives)], [0, []]);
      assertEquals((await ns.lanco("check", "a")).code, 3);
    }
  },
);

cgroupTest("root does not wait for a held check whether the owner may execute", async (ns) => {
  const pids = await stubborn(ns);
  const held = ["-e", "trace=access", "-e", "inject=access:delay_enter=9000000"];
  const strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", LANCO, ...held];
  const stop = ["timeout", "-s", "KILL", "60", LANCO, ns.name, "stop", "-t", "1", "a"];
  const { code, stderr } = await exec([...strace, ...stop], { uid: 0 });
  assertMatch(stderr, /cannot act as games: .* was held for 5 seconds: root kills/);
  assertEquals([code, pids.filter(lives)], [0, []]);
});

cgroupTest(
  "root takes the cgroups of a task that does not die at once from its owner",
  async (ns) => {
    const script = Deno.readTextFileSync(new URL("../../src/root/kill.sh", import.meta.url));
    const named = `${ns.directory}/named/task-a`;
    for (const sh of [["dash"], ["bash", "--posix"], ["busybox", "sh"]]) {
      const pids = await stubborn(ns);
      await shell(`mkdir ${named}/below; echo ${pids[1]} >${named}/below/cgroup.procs`);
      // Keeps the cgroup when all processes are dead, so that the test can see its owner.
      Deno.writeTextFileSync(`${named}/notify_on_release`, "0");
      Deno.writeTextFileSync(`${named}/below/notify_on_release`, "0");
      const { ino } = Deno.statSync(named);
      // Given no other hierarchy, the script kills nothing before its sixtieth round.
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
  },
);

cgroupTest("root's stop that is ended by a signal kills nothing", async (ns) => {
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

cgroupTest("root kills a held shim, and processes that the owner has frozen", async (ns) => {
  const pids = await stubborn(ns);
  Deno.kill(ns.shim("a"), "SIGSTOP");
  if (exists("/sys/fs/cgroup/freezer")) {
    await shell(`cd ${ns.directory}/freezer && mkdir held && echo FROZEN >held/freezer.state
      for pid in ${pids.join(" ")}; do echo $pid >held/cgroup.procs; done`);
  } else ns.freeze("a");
  // Root does not need the record of the run.
  await shell(`rm -rf ${ns.runDirectory("a")}`);
  assertEquals((await ns.lancoWith({ uid: 0 }, "stop", "--now", "a")).code, 0);
  assertEquals(pids.filter(lives), []);
});

cgroupTest("root kills a task to which its owner adds ever more processes", async (ns) => {
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
    // The loop ends by itself once it may put no more processes there.
    const timer = setTimeout(() => filler.kill("SIGKILL"), 10_000);
    const { code } = await filler.status;
    clearTimeout(timer);
    assertEquals(code, 0);
  }
});

cgroupTest("root kills a task that its owner has renamed meanwhile", async (ns) => {
  const pids = await stubborn(ns);
  await whileActing([LANCO, ns.name, "stop", "-t", "1", "a"], async ({ acting, ended }) => {
    // v2 does not allow cgroups to be renamed.
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
  const places = KEEPER === "systemd" ? TRACKER : `named ${TRACKER}`;
  const fill = `for d in ${places}; do cd ${ns.directory}/$d/task-a; seq 500 | xargs mkdir; done`;
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

cgroupTest("an owner who nests cgroups without end hides no task from root", async (ns) => {
  const pids = await stubborn(ns);
  const [hidden = 0] = ns.task("a");
  // So deep that /proc/PID/cgroup cannot show the path; and further cgroups are made there.
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
    // A search for its processes takes minutes here: to root it must not matter when it ends.
    const slow = ["-e", "trace=getdents64", "-e", "inject=getdents64:delay_enter=200000"];
    const strace = ["strace", "-f", "-qq", "-o", "/dev/null", ...slow];
    const stop = ["timeout", "100", LANCO, ns.name, "stop", "--now", "a"];
    const stopped = exec([...strace, ...stop], { uid: 0 });
    await until("what is not so deep is killed", () => !pids.some(lives), 100_000);
    // Without v2 nothing tells whether there are processes deeper down, and root goes on looking.
    if (LEGACY) await exec(["pkill", "-f", `^${LANCO} ${ns.name} stop`], { uid: 0 });
    const { code, stderr } = await stopped;
    if (!LEGACY) assertEquals(code, 0, stderr);
  } finally {
    try {
      digger.kill("SIGKILL");
    } catch { /* it has ended, for its cgroups were taken from it */ }
    await digger.status;
  }
});

cgroupTest("root kills this run and no later run of the name, under each shell", async (ns) => {
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
    "without cgroup.kill root freezes, kills the listed processes and thaws",
    async (ns) => {
      const script = Deno.readTextFileSync(new URL("../../src/root/kill.sh", import.meta.url));
      const [named, freezer] = ["named", "freezer"].map((name) => `${ns.directory}/${name}/task-b`);
      // Forks without end, in cgroups of its own below, one of which is frozen.
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
        await until("there are many processes", () => ns.pids("named/task-b").length > 20);
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
      // On a legacy host the freezer's cgroup is the task's, and the agent has removed it.
      const remove = "[ ! -d $1 ] || find $1 -depth -type d -delete";
      assertEquals((await exec(["sh", "-c", remove, "sh", freezer ?? ""], { uid: 0 })).code, 0);
    },
  );
}
