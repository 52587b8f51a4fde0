import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { departures } from "../show/conform.ts";
import { SCHEMAS } from "../../src/show/schema.ts";
import { parseUsage, type Usage } from "../../src/task/usage.ts";
import { property, textOf } from "./property.ts";

/** A counter that a host may lack: in nanoseconds it must be countable, too. */
const counter = fc.option(fc.nat(2 ** 31 - 1));
const share = fc.nat(10_000).map((hundredths) => (hundredths / 100).toFixed(2));
const pressure = fc.option(fc.record({ share, total: fc.nat(2 ** 31 - 1) }));

const counters = fc.record({
  version: fc.constantFrom(1, 2),
  total: counter,
  user: counter,
  system: counter,
  now: counter,
  peak: counter,
  pids: counter,
  mostPids: counter,
  kills: counter,
  times: counter,
  time: counter,
  cpu: pressure,
  memory: pressure,
  io: pressure,
});
type Counters = typeof counters extends fc.Arbitrary<infer T> ? T : never;

/** The files of each version, by what they count: file, key, and the key's unit. */
const FILES: Record<number, Record<string, [file: string, unit?: number]>> = {
  1: {
    total: ["cpuacct.usage"],
    user: ["cpuacct.stat user", 10_000_000],
    system: ["cpuacct.stat system", 10_000_000],
    now: ["memory.usage_in_bytes"],
    peak: ["memory.max_usage_in_bytes"],
    pids: ["pids.current"],
    mostPids: ["pids.peak"],
    kills: ["memory.oom_control oom_kill"],
    times: ["cpu.stat nr_throttled"],
    time: ["cpu.stat throttled_time"],
  },
  2: {
    total: ["cpu.stat usage_usec", 1000],
    user: ["cpu.stat user_usec", 1000],
    system: ["cpu.stat system_usec", 1000],
    now: ["memory.current"],
    peak: ["memory.peak"],
    pids: ["pids.current"],
    mostPids: ["pids.peak"],
    kills: ["memory.events oom_kill"],
    times: ["cpu.stat nr_throttled"],
    time: ["cpu.stat throttled_usec", 1000],
  },
};

/** What the release agent keeps beside them, and nobody asks for. */
const NOISE = [
  "cpu.stat nr_periods 7",
  "cpu.stat core_sched.force_idle_usec 7",
  "memory.events oom 7",
  "memory.events oom_group_kill 7",
  "memory.oom_control under_oom 7",
  "memory.oom_control oom_kill_disable 7",
  "cpu.pressure full avg10=7.00 avg60=7.00 avg300=7.00 total=7",
  "memory.peak max",
  "",
  "nonsense",
  " 7",
];

function written(given: Counters): string[] {
  const counted = Object.entries(FILES[given.version] ?? {}).flatMap(([name, [file]]) => {
    const value = given[name as keyof Counters];
    return value === null ? [] : [`${file} ${value}`];
  });
  const waited = (["cpu", "memory", "io"] as const).flatMap((resource) => {
    const of = given[resource];
    return of === null
      ? []
      : [`${resource}.pressure some avg10=${of.share} avg60=3.00 avg300=4.00 total=${of.total}`];
  });
  return [...counted, ...waited];
}

function expected(given: Counters): Usage {
  const value = (name: keyof Counters) => {
    const [, unit = 1] = FILES[given.version]?.[name] ?? [];
    return given[name] === null ? null : Number(given[name]) * unit;
  };
  const waited = (of: Counters["cpu"]) => of && { time: of.total * 1000, last10: Number(of.share) };
  return {
    cpu: { total: value("total"), user: value("user"), system: value("system") },
    memory: { now: value("now"), peak: value("peak") },
    pids: { now: value("pids"), peak: value("mostPids") },
    oomKills: value("kills"),
    throttled: { times: value("times"), time: value("time") },
    pressure: { cpu: waited(given.cpu), memory: waited(given.memory), io: waited(given.io) },
  };
}

property(
  "parseUsage() reads the counters of either version, in any order, among others",
  fc.tuple(counters, fc.subarray(NOISE)).chain(([given, noise]) =>
    fc.shuffledSubarray([...written(given), ...noise], {
      minLength: written(given).length + noise.length,
    }).map((lines) => ({ given, lines }))
  ),
  ({ given, lines }) => {
    // A limit that is none is written where there is no peak.
    const known = lines.filter((line) => line !== "memory.peak max" || given.peak === null);
    assertEquals(parseUsage(known.join("\n")), expected(given));
  },
);

const KEYS = Object.values(FILES).flatMap((files) => Object.values(files).map(([file]) => file));
const odd = fc.oneof(
  textOf("0123456789.-+e max", 20),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
);
const oddLines = fc.oneof(
  fc.tuple(fc.constantFrom(...KEYS), odd).map((words) => words.join(" ")),
  fc.tuple(fc.constantFrom("cpu", "memory", "io"), textOf("01.", 5), odd).map((
    [what, last, total],
  ) => `${what}.pressure some avg10=${last} avg60=0.00 total=${total}`),
);

property(
  "parseUsage() gives numbers and nothing else, whatever stands in the files",
  fc.array(oddLines, { maxLength: 20 }),
  (lines) => {
    const usage = parseUsage(lines.join("\n"));
    const schema = SCHEMAS.status?.properties?.usage;
    if (schema === undefined) throw new Error("the schema has no usage");
    // What is too great to be told to the last nanosecond is a number all the same.
    const rounded = JSON.parse(
      JSON.stringify(usage),
      (_, value) =>
        typeof value === "number" && value > Number.MAX_SAFE_INTEGER && value < Infinity
          ? 0
          : value,
    );
    assertEquals(departures(rounded, schema), []);
  },
);
