import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { LIMIT_NAMES, type Limits, planLimits } from "../../src/cgroup/limits.ts";
import { limitsInForce } from "../../src/cgroup/limits_in_force.ts";
import { anyText, property } from "./property.ts";

const MIB = 2 ** 20;

const given: fc.Arbitrary<Limits> = fc.record({
  memory: fc.integer({ min: 1, max: 2 ** 20 }).map((n) => n * MIB),
  swap: fc.nat(2 ** 20).map((n) => n * MIB),
  cpus: fc.integer({ min: 1, max: 6400 }).map((n) => n / 100),
  cpuWeight: fc.integer({ min: 2, max: 10_000 }).filter((n) => n !== 100),
  pids: fc.integer({ min: 1, max: 4_000_000 }),
  ioWeight: fc.integer({ min: 10, max: 1000 }).filter((n) => n !== 100),
});

property(
  "limitsInForce() returns what planLimits() has set, in both versions of cgroups",
  fc.tuple(given, fc.boolean()),
  ([limits, isFirst]) => {
    const files = new Map([["cpu.cfs_period_us", "100000"]]);
    for (const { alternatives } of planLimits(limits)) {
      const { file, value } = (isFirst ? alternatives[0] : alternatives[1]) ??
        alternatives[0] as { file: string; value: string };
      files.set(file, value);
    }
    assertEquals(limitsInForce((name) => files.get(name)), limits);
  },
);

Deno.test("limitsInForce() leaves out what stands for no limit", () => {
  const unset: Record<string, string>[] = [
    {
      "memory.max": "max",
      "memory.swap.max": "max",
      "cpu.max": "max 100000",
      "cpu.weight": "100",
      "pids.max": "max",
      "io.weight": "default 100",
    },
    {
      "memory.limit_in_bytes": "9223372036854771712",
      "memory.memsw.limit_in_bytes": "9223372036854771712",
      "cpu.cfs_quota_us": "-1",
      "cpu.cfs_period_us": "100000",
      "cpu.shares": "1024",
      "pids.max": "max",
      "blkio.weight": "500",
    },
    {},
  ];
  for (const files of unset) assertEquals(limitsInForce((name) => files[name]), {});
});

property("limitsInForce() returns numbers, whatever the files contain", anyText, (text) => {
  const limits = limitsInForce(() => text);
  for (const name of LIMIT_NAMES) {
    const value = limits[name];
    assert(value === undefined || Number.isFinite(value) && value >= 0, `${name} ${value}`);
  }
});
