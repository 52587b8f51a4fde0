import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, LANCO, type TestNamespace, until } from "../harness.ts";

async function state(ns: TestNamespace, task: string) {
  return JSON.parse(await ns.must("status", "--json", task));
}

cgroupTest("status shows a running task, its usage and its limits", async (ns) => {
  const before = Date.now();
  await ns.must(
    "run",
    "--memory",
    "100M",
    "--chdir",
    "/tmp",
    "a",
    "sh",
    "-c",
    "sleep 1000 & x=$(head -c 20000000 /dev/zero | tr '\\0' x); wait",
  );
  await until(
    "it has used memory",
    async () => (await state(ns, "a")).usage.memory.now > 15_000_000,
  );
  const now = await state(ns, "a");
  assertEquals([now.namespace, now.task, now.state, now.processes], [ns.name, "a", "running", 2]);
  assertEquals([now.command[0], now.directory, now.log], ["sh", "/tmp", `${ns.logs}/task-a.log`]);
  assertEquals(now.limits, { memory: 100 * 1024 ** 2 });
  assertEquals([now.code, now.signal, now.ended, now.stopped], [null, null, null, null]);
  assert(now.started >= before && now.duration > 0 && now.duration < 60_000);
  assert(now.usage.cpu.total > 0 && now.usage.memory.peak >= now.usage.memory.now);
  assertEquals([now.usage.pids.now, now.usage.oomKills], [2, 0]);
  assertMatch(await ns.must("status", "a"), /^a: running\n {2}command {5}sh -c /);
});

cgroupTest("status shows how a task ended, and what it used", async (ns) => {
  await ns.must(
    "run",
    "a",
    "sh",
    "-c",
    "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done; exit 7",
  );
  await ns.gone("a");
  const end = await state(ns, "a");
  assertEquals([end.state, end.code, end.signal, end.processes], ["exited", 7, null, 0]);
  // The start is computed from another clock, which counts hundredths of a second.
  assert(Math.abs(end.duration - (end.ended - end.started)) < 1000 && end.duration >= 0);
  assert(end.usage.cpu.total > 10_000_000, String(end.usage.cpu.total));
  assert(end.usage.memory.peak > 100_000);
  assertMatch(await ns.must("status", "a"), /^a: exited with status 7\n/);
});

cgroupTest("status says which user stopped a task, and by which signal", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  await ns.must("stop", "a");
  const end = await state(ns, "a");
  assertEquals([end.state, end.signal], ["killed", "SIGTERM"]);
  assertEquals([end.stopped.by, end.stopped.signal], ["games", "SIGTERM"]);
  await ns.must("run", "a", "sleep", "1000");
  assertEquals((await ns.lancoWith({ uid: 0 }, "stop", "--now", "a")).code, 0);
  const byRoot = await state(ns, "a");
  assertEquals([byRoot.stopped.by, byRoot.stopped.signal], ["root", "SIGKILL"]);
  await ns.must("run", "a", "sh", "-c", "kill -INT $$");
  await ns.gone("a");
  assertEquals((await state(ns, "a")).stopped, null);
});

cgroupTest("status tells a kill by the OOM killer from any other", async (ns) => {
  const eat = ["sh", "-c", "exec tail /dev/zero"];
  await ns.must("run", "--memory", "20M", "--swap", "0", "a", ...eat);
  await ns.gone("a");
  const end = await state(ns, "a");
  assertEquals([end.state, end.signal, end.usage.oomKills], ["out of memory", "SIGKILL", 1]);
  assertMatch(await ns.must("status", "a"), /^a: out of memory, by SIGKILL\n/);
});

cgroupTest("status shows an unknown state if the shim of a task was killed", async (ns) => {
  await ns.must("run", "a", "sleep", "0.5");
  Deno.kill(ns.shim("a"), "SIGKILL");
  await ns.gone("a");
  const end = await state(ns, "a");
  assertEquals([end.state, end.code], ["unknown", null]);
  assertMatch(end.why, /shim was killed/);
});

cgroupTest("status of an unknown task exits with 3", async (ns) => {
  const { code, stderr } = await ns.lanco("status", "a");
  assertEquals(code, 3);
  assertMatch(stderr, /nothing is known of task a/);
});

cgroupTest("status counts how often a task was throttled by its CPU limit", async (ns) => {
  await ns.must("run", "--cpus", "0.1", "a", "sh", "-c", "while :; do :; done");
  await until("it was throttled", async () => (await state(ns, "a")).usage.throttled.times > 2);
  await ns.must("stop", "a");
  assert((await state(ns, "a")).usage.throttled.time > 0);
});

cgroupTest("status tells of a task that goes on how its command ended", async (ns) => {
  await ns.must("run", "a", "sh", "-c", "sleep 1000 & exit 3");
  await ns.must("run", "b", "sh", "-c", "sleep 1000 & kill -9 $$");
  await until("both commands have ended", () => ns.status("a") === 3 && ns.status("b") === 137);
  assert(
    (await ns.must("status", "a")).startsWith("a: running, its command exited with status 3\n"),
  );
  assert(
    (await ns.must("status", "b")).startsWith("b: running, its command was killed by SIGKILL\n"),
  );
  const { state, code, ended } = JSON.parse(await ns.must("status", "--json", "a"));
  assertEquals([state, code, ended !== null], ["running", 3, true]);
  await ns.must("stop", "--now", "a", "b");
});

cgroupTest("all that is told of a task as JSON has the id of its run and its pid", async (ns) => {
  const run = JSON.parse(await ns.must("run", "--json", "a", "sleep", "1000"));
  await ns.must("run", "-c", "sleep 1000", "b", "true");
  await ns.gone("b");
  const a = { run: run.run, pid: run.pid };
  assertEquals(a, { run: ns.record("a").run, pid: ns.task("a")[0] });
  const b = { run: ns.record("b").run, pid: ns.record("b").pid };
  const ids = ({ run, pid }: { run: string; pid: number }) => ({ run, pid });
  const json = async (...args: string[]) => JSON.parse((await ns.lanco(...args)).stdout);
  assertEquals(ids(await json("status", "--json", "a")), a);
  assertEquals(ids(await json("status", "--json", "b")), b);
  const { tasks, finished, exitCommands } = await json("dump");
  assertEquals([ids(tasks.a), ids(finished.b), exitCommands[0].run], [a, b, b.run]);
  for (
    const words of [["ls", "-a", "--json"], ["check", "--json", "a", "b"], [
      "wait",
      "-t",
      "0",
      "--json",
      "a",
      "b",
    ]]
  ) {
    const { tasks } = await json(...words);
    assertEquals([ids(tasks.a), ids(tasks.b)], [a, b], words.join(" "));
  }
  const { stdout } = await exec(["timeout", "2", LANCO, ns.name, "events", "--json"]);
  const present = stdout.split("\n").find((line) => line.includes('"present"')) ?? "";
  assertEquals(ids(JSON.parse(present)), a);
  assertEquals(ids((await json("stop", "--json", "a")).tasks.a), a);
  await ns.must("stop", "--now", "b");
});
