import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Usage } from "../../src/cli/errors.ts";
import { type Capacity, LIMIT_NAMES, planLimits } from "../../src/cgroup/limits.ts";
import { parseSpelling } from "../../src/cli/options.ts";
import { readRequest } from "../../src/cli/request.ts";
import { LIMITS, parseLimits } from "../../src/commands/limit_options.ts";
import { size } from "../../src/cli/sizes.ts";
import { anyText, property, textOf, unless } from "./property.ts";

const UNITS = ["", "K", "M", "G", "T"];

/** As meminfo tells it, in whole KiB; up to a petabyte. */
const memory = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 40 }),
  fc.integer({ min: 1, max: 2 ** 25 }),
).map((kib) => kib * 1024);

const hosts: fc.Arbitrary<Capacity> = fc.record({
  memory,
  cpus: fc.integer({ min: 1, max: 8192 }),
  pids: fc.integer({ min: 300, max: 2 ** 22 }),
});

/** Numbers as people write them, and what they might. */
const numbers = fc.oneof(
  fc.nat().map(String),
  fc.nat(300).map(String),
  fc.tuple(fc.nat(200), fc.nat(99999)).map(([whole, part]) => `${whole}.${part}`),
  textOf("0123456789", 12),
  textOf("019.-+eExKMGT% ", 8),
);
const sizes = fc.tuple(numbers, fc.constantFrom(...UNITS, "k", "g", "%", "B", " M", "P"))
  .map((parts) => parts.join(""));

/** What is meant, by whole numbers alone: the bytes, and whether they had to be rounded. */
function exactly(text: string, host: number): { bytes: bigint; whole: boolean } | undefined {
  const [, whole, part = "", unit = ""] = /^([0-9]+)(?:\.([0-9]+))?([kmgtKMGT%]?)$/.exec(text) ??
    [];
  if (whole === undefined) return undefined;
  const power = BigInt(UNITS.indexOf(unit.toUpperCase()));
  const [factor, divisor] = unit === "%" ? [BigInt(host), 100n] : [1024n ** power, 1n];
  const [count, scale] = [BigInt(whole + part) * factor, 10n ** BigInt(part.length) * divisor];
  return { bytes: count / scale, whole: part === "" && unit !== "%" };
}

property(
  "size() is what was meant, to the byte where there is neither fraction nor percentage",
  fc.tuple(fc.oneof(sizes, anyText), memory),
  ([text, host]) => {
    const meant = exactly(text, host);
    const bytes = unless([Usage], () => size("--memory", text, host));
    if (bytes === undefined) {
      assert(
        meant === undefined || meant.bytes < 1n || meant.bytes > Number.MAX_SAFE_INTEGER - 1,
        `refused: ${text}`,
      );
      return;
    }
    assert(meant !== undefined && Number.isSafeInteger(bytes) && bytes >= 1, `${text} is ${bytes}`);
    const away = BigInt(bytes) - meant.bytes;
    const most = meant.whole ? 0n : 1n;
    assert(away <= most && away >= -most, `${text} of ${host} is ${bytes}, not ${meant.bytes}`);
  },
);

property(
  "size() gives no percentage up to 100 more than the host, and 100% is all of it",
  fc.tuple(fc.double({ min: 0, max: 100, noNaN: true }), memory),
  ([percent, host]) => {
    const text = percent.toFixed(3);
    assert(size("--memory", `${text}%`, host, 0) <= host);
    assertEquals(size("--memory", "100%", host), host);
  },
);

const WORDS = LIMIT_NAMES.map((name) => parseSpelling(LIMITS[name]).name);
const values = fc.record(
  Object.fromEntries(WORDS.map((word) => [word, fc.oneof(sizes, numbers, anyText)])),
  { requiredKeys: [] },
);

property(
  "parseLimits() gives no task more than the host has, whatever is asked for",
  fc.tuple(values, hosts),
  ([asked, host]) => {
    const args = Object.entries(asked).map(([name, value]) => `--${name}=${value}`);
    const limits = unless(
      [Usage],
      () =>
        parseLimits(
          readRequest("run", { options: LIMITS, operands: "nothing" }, args),
          () => host,
        ),
    );
    if (limits === undefined) return;
    assertEquals(
      Object.keys(limits).sort(),
      LIMIT_NAMES.filter((_, i) => WORDS[i] !== undefined && WORDS[i] in asked).sort(),
    );
    const { memory = 1, swap = 0, cpus = 1, pids = 1, cpuWeight = 1, ioWeight = 1 } = limits;
    assert(memory >= 1 && memory <= host.memory && cpus >= 0.01 && cpus <= host.cpus);
    assert(swap >= 0 && pids >= 1 && pids <= host.pids);
    for (const weight of [cpuWeight, ioWeight]) assert(weight >= 1 && weight <= 10_000);
    for (const number of [memory, swap, pids, cpuWeight, ioWeight]) {
      assert(Number.isSafeInteger(number));
    }
  },
);

const someLimits = fc.record({
  memory,
  swap: fc.oneof(memory, fc.constant(0)),
  cpus: fc.double({ min: 0.01, max: 8192, noNaN: true }),
  cpuWeight: fc.integer({ min: 1, max: 10_000 }),
  pids: fc.integer({ min: 1, max: 2 ** 22 }),
  ioWeight: fc.integer({ min: 1, max: 10_000 }),
}, { requiredKeys: [] });

/** The bounds that the kernel sets to what is written into a file, if there are any. */
const BOUNDS: Record<string, [number, number]> = {
  "cpu.weight": [1, 10_000],
  "cpu.shares": [2, 262_144],
  "cpu.cfs_quota_us": [1000, Infinity],
  "io.bfq.weight": [1, 1000],
  "blkio.bfq.weight": [1, 1000],
  "blkio.weight": [10, 1000],
};

property(
  "planLimits() writes only what the kernel takes, in words that init can tell apart",
  someLimits,
  (limits) => {
    const plans = planLimits(limits);
    assertEquals(plans.length, Object.keys(limits).length);
    for (const { option, alternatives } of plans) {
      assert(/^--[a-z-]+$/.test(option));
      for (const { file, value } of alternatives) {
        assert(
          /^[a-z_.]+$/.test(file) && /^(default )?\d+( \d+)?$/.test(value),
          `${file}=${value}`,
        );
        const [least, most] = BOUNDS[file] ?? [0, Infinity];
        assert(Number(value) >= least && Number(value) <= most || BOUNDS[file] === undefined);
      }
    }
  },
);
