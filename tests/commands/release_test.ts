import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, exists, KEEPER, until } from "../harness.ts";

function mountsAndCgroups(ns: { name: string }): string[] {
  const mounts = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
  const hierarchies = Deno.readTextFileSync("/proc/self/cgroup").split("\n");
  const roots = [...Deno.readDirSync("/sys/fs/cgroup")].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => `/sys/fs/cgroup/${name}`);
  return [
    ...[...mounts, ...hierarchies].filter((line) => line.includes(ns.name)),
    ...[...roots, "/sys/fs/cgroup"].flatMap((root) =>
      ["", ".service"].map((end) => `${root}/lanco-${ns.name}${end}`)
    ).filter(exists),
  ];
}

cgroupTest("release without a task removes the namespace, except its logs", async (ns) => {
  assert(mountsAndCgroups(ns).length > (KEEPER === "systemd" ? 4 : 10));
  await ns.must("run", "a", "echo", "hello");
  await ns.gone("a");
  const { code, stderr } = await ns.lancoWith({ uid: 0 }, "release");
  assertEquals([code, stderr], [0, ""]);
  assertEquals(mountsAndCgroups(ns), []);
  assert(!exists(ns.directory) && !exists(`/var/lib/lanco/${ns.name}`));
  assertEquals(ns.log("a"), "hello\n");
  assertEquals((await ns.lanco("check", "a")).code, 5);
});

cgroupTest("release refuses while a task runs, and the namespace goes on working", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const { code, stderr } = await ns.lancoWith({ uid: 0 }, "release");
  assertEquals(code, 4);
  assertMatch(
    stderr,
    /\[WARN\/release\] namespace .* is in use, by .*\d+ sleep: see .* stop its tasks first/,
  );
  await ns.must("check", "a");
  await ns.must("run", "b", "true");
});

cgroupTest(
  "a refused release names the command that stops what runs, also for exit commands",
  async (ns) => {
    await ns.must("run", "b", "sleep", "1000");
    await ns.must("run", "-c", "sleep 1000", "a", "true");
    await ns.gone("a");
    // The name of the cgroup is no name of a task, and there is no process in it.
    await exec(["mkdir", `${ns.directory}/named/task-$(x) y`, `${ns.directory}/named/task-empty`]);
    const { code, stderr } = await ns.lancoWith({ uid: 0 }, "release");
    assertEquals(code, 4);
    const [, command = ""] =
      /stop its tasks first, with "sudo (lanco \S+ stop [^"]+)"/.exec(stderr) ??
        [];
    assertEquals(command, `lanco ${ns.name} stop a b`);
    const stopped = await ns.lancoWith({ uid: 0 }, ...command.split(" ").slice(2));
    assertEquals(stopped.code, 0, stopped.stderr);
    assertEquals((await ns.lancoWith({ uid: 0 }, "release")).code, 0);
  },
);

cgroupTest("release without a task needs root", async (ns) => {
  const { code, stderr } = await ns.lanco("release");
  assertEquals(code, 6);
  assertMatch(stderr, /run it with sudo/);
  await ns.must("run", "a", "true");
});

cgroupTest("release refuses a task that runs, and a task with nothing to release", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const { code, stderr } = await ns.lanco("release", "a");
  assertEquals(code, 4);
  assertMatch(stderr, /task a is running: stop it first/);
  assertEquals((await ns.lanco("release", "b")).code, 3);
  await ns.must("run", "import", "true");
  const mistyped = await ns.lanco("release", "imprt");
  assertEquals(mistyped.code, 3);
  assertMatch(mistyped.stderr, /task imprt is not running, did you mean "import"\?/);
});

cgroupTest("release of a task does the work of a release agent that failed", async (ns) => {
  const agent = `/var/lib/lanco/${ns.name}/release-agent`;
  const mark = `${ns.scratch}/mark`;
  const leave = async (task: string) => {
    await ns.must(
      "run",
      "-c",
      `echo $LANCO_TASK $LANCO_STATUS >>${mark}`,
      task,
      "sh",
      "-c",
      `until [ -e ${ns.scratch}/go-${task} ]; do sleep 0.05; done; exit 5`,
    );
    // Replaces the agent by a program that only leaves a mark when it is called.
    const called = `${ns.scratch}/called-${task}`;
    const mute =
      `mv ${agent} ${agent}.gone; echo '#!/bin/sh\n: >${called}' >${agent}; chmod 755 ${agent}`;
    await exec(["sh", "-c", mute], { uid: 0 });
    Deno.writeTextFileSync(`${ns.scratch}/go-${task}`, "");
    await until("the agent was called in vain", () => exists(called));
    await exec(["mv", `${agent}.gone`, agent], { uid: 0 });
    assert(exists(`${ns.directory}/named/task-${task}`));
  };
  await leave("a");
  await ns.must("release", "a");
  await until("the exit command has run", () => exists(mark) && Deno.statSync(mark).size > 0);
  assertEquals(Deno.readTextFileSync(mark), "a 5\n");
  await leave("b");
  await ns.must("release", "-n", "b");
  assertEquals(Deno.readTextFileSync(mark), "a 5\n");
  assertEquals(ns.traces().filter((path) => /task-[ab]$/.test(path)), []);
});
