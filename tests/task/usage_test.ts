import { assertEquals } from "@std/assert";
import { parseUsage } from "../../src/task/usage.ts";

Deno.test("parseUsage() reads the counters of cgroup v2", () => {
  const usage = parseUsage(`cpu.stat usage_usec 3000
cpu.stat user_usec 2000
cpu.stat system_usec 1000
cpu.stat nr_throttled 4
cpu.stat throttled_usec 5
memory.current 100
memory.peak 200
memory.events oom 9
memory.events oom_kill 1
pids.current 2
pids.peak 3
cpu.pressure some avg10=1.50 avg60=0.00 avg300=0.00 total=7
cpu.pressure full avg10=9.00 avg60=0.00 avg300=0.00 total=8`);
  assertEquals(usage, {
    cpu: { total: 3_000_000, user: 2_000_000, system: 1_000_000 },
    memory: { now: 100, peak: 200 },
    pids: { now: 2, peak: 3 },
    oomKills: 1,
    throttled: { times: 4, time: 5000 },
    pressure: { cpu: { time: 7000, last10: 1.5 }, memory: null, io: null },
  });
});

Deno.test("parseUsage() reads the counters of cgroup v1", () => {
  const usage = parseUsage(`cpuacct.usage 123456789
cpuacct.stat user 3
cpuacct.stat system 4
cpu.stat nr_throttled 1
cpu.stat throttled_time 99
memory.usage_in_bytes 100
memory.max_usage_in_bytes 200
memory.oom_control under_oom 0
memory.oom_control oom_kill 2
pids.current 5`);
  assertEquals(usage.cpu, { total: 123456789, user: 30_000_000, system: 40_000_000 });
  assertEquals([usage.memory, usage.pids], [{ now: 100, peak: 200 }, { now: 5, peak: null }]);
  assertEquals([usage.oomKills, usage.throttled], [2, { times: 1, time: 99 }]);
});

Deno.test("parseUsage() returns null for counters that are missing or malformed", () => {
  const usage = parseUsage("memory.peak max\nnonsense\n\ncpu.stat usage_usec -1");
  assertEquals(usage.memory, { now: null, peak: null });
  assertEquals(usage.cpu.total, null);
});
