import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, type TestNamespace, until } from "../harness.ts";

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
