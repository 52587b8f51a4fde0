import { assert, assertEquals } from "@std/assert";
import { cgroupTest, HAS_CONTROLLERS, LEGACY, until } from "../harness.ts";

cgroupTest("dump has the fields of the first lanĉo, with the same meaning", async (ns) => {
  await ns.must("run", "busy", "sh", "-c", "sleep 1001 & while :; do :; done");
  await ns.must("run", "idle", "sleep", "1000");
  await until("both processes are there", () => ns.task("busy").length === 2);
  const [first, second] = [JSON.parse(await ns.must("dump")), await later(() => ns.must("dump"))];
  assertEquals([first.namespace, first.count], [ns.name, 2]);
  assertEquals(first.nbcpus, navigator.hardwareConcurrency);
  assertEquals(first.tasks.idle.processes, [{ pid: ns.task("idle")[0], cmdline: "sleep 1000 " }]);
  const { busy } = first.tasks;
  assertEquals([busy.count, busy.processes.length], [2, 2]);
  assertEquals([busy.memory > 0, busy.cpu > 0], [HAS_CONTROLLERS, true]);
  assertEquals([busy.state, busy.command[0], busy.log], [
    "running",
    "sh",
    `${ns.logs}/task-busy.log`,
  ]);

  // At most one processor was busy, so the CPU time grows no faster than the clock.
  const [time, cpu] = [second.timestamp - first.timestamp, second.cpu - first.cpu];
  assert(time > 0 && cpu > 0 && cpu <= (time + 100) * 1e6 * first.nbcpus, `${time} ms, ${cpu} ns`);
  assert(second.tasks.busy.cpu > busy.cpu);
  assert(Math.abs(Date.now() - second.time) < 60_000);
  const [uptime = 0] = Deno.readTextFileSync("/proc/uptime").split(" ").map(Number);
  assert(Math.abs(uptime * 1000 - second.timestamp) < 10_000, `${second.timestamp}`);
});

async function later(dump: () => Promise<string>) {
  await new Promise((resolve) => setTimeout(resolve, 300));
  return JSON.parse(await dump());
}

cgroupTest(
  "dump counts the CPU time of ended tasks, and shows how they ended",
  async (ns) => {
    await ns.must(
      "run",
      "a",
      "sh",
      "-c",
      "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; exit 9",
    );
    await ns.gone("a");
    const dump = JSON.parse(await ns.must("dump"));
    assertEquals([dump.count, Object.keys(dump.tasks)], [0, []]);
    const { a } = dump.finished;
    assertEquals([a.state, a.code], ["exited", 9]);
    assert(a.usage.cpu.total > 0 && dump.cpu >= a.usage.cpu.total);
    assertEquals(JSON.parse(await ns.must("dump", "--running")).finished, {});
    assertEquals(JSON.parse(await ns.must("dump", "x*")).finished, {});
  },
);

cgroupTest("dump of many tasks has the same values as status of each", async (ns) => {
  const names = Array.from({ length: 55 }, (_, i) => `t${i}`);
  for (let i = 0; i < names.length; i += 11) {
    await Promise.all(names.slice(i, i + 11).map((name) => ns.must("run", name, "sleep", "1000")));
  }
  await ns.must("pause", "t7");
  const dump = JSON.parse(await ns.must("dump"));
  assertEquals(Object.keys(dump.tasks).sort(), names.toSorted());
  assertEquals(dump.tasks.t7.state, "paused");
  for (const name of ["t0", "t7", "t54"]) {
    const status = JSON.parse(await ns.must("status", "--json", name));
    const { usage } = dump.tasks[name];
    const [seen, now] = [leaves(usage), leaves(status.usage)];
    assertEquals(
      seen.map(([path, value]) => [path, value === null]),
      now.map(([path, value]) => [path, value === null]),
      name,
    );
    // The kernel charges memory in batches for each processor, and settles them later.
    for (const [i, [path, value]] of seen.entries()) {
      const difference = Math.abs(Number(value) - Number(now[i]?.[1]));
      assert(difference <= 2_000_000, `${name} ${path}: ${value} and ${now[i]?.[1]}`);
    }
    assertEquals(usage.cpu.total === null, false);
    if (!LEGACY) assertEquals(usage.memory.now > 0, HAS_CONTROLLERS);
  }
});

/** Returns the numbers in an object, by their paths. */
function leaves(value: unknown, path = ""): [string, unknown][] {
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, field]) => leaves(field, `${path}.${key}`))
    : [[path, value]];
}
