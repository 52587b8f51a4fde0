import { type Capacity, LEAST_OF_TASK, type Limits } from "../cgroup/limits.ts";
import { defined } from "../cli/defined.ts";
import { Usage } from "../cli/errors.ts";
import { flag, type OptionValues, value, whole } from "../cli/options.ts";
import { size } from "../cli/sizes.ts";

/** Returns an option whose value is parsed by `parseLimits()`, which knows the host's capacity. */
function limit(spelling: string, about: string, takes: string) {
  return value(spelling, about, [takes, "text", "number"], (text) => text);
}

const WEIGHTS = { min: 1, max: 10_000 };

const SIZE = 'a size such as "2G" or "50%", or a number of bytes';

/** The options that set limits. */
export const LIMITS = {
  memory: limit("-m, --memory SIZE", "such as 512M or 2G, or 50% of the host's", SIZE),
  swap: limit("--swap SIZE", "swap beyond the memory", SIZE),
  cpus: limit("--cpus N", "processors, such as 1.5", "a number of processors"),
  cpuWeight: whole("--cpu-weight N", "share of scarce processors, 1 to 10000 (100)", WEIGHTS),
  pids: limit("--pids N", "processes and threads", "a whole number"),
  ioWeight: whole("--io-weight N", "share of scarce disks, 1 to 10000 (100)", WEIGHTS),
  bestEffort: flag("--best-effort", "warn, not fail, if the host lacks a controller"),
};

/** The limits that "max" can lift, memory before swap. */
const LIFTABLE = ["memory", "swap", "cpus", "pids"] as const;
type Liftable = typeof LIFTABLE[number];

/**
 * Parses the limits that options set.
 *
 * @param capacity Returns the capacity of the host; called only if a limit needs it.
 * @param liftable Whether "max" is allowed, which lifts a limit and is returned as Infinity.
 * @param swapAlone Whether swap may be limited without memory, which has a limit already.
 * @param least The least memory and number of processes that may be set.
 * @throws {Usage} if a value is invalid, more than the host has, or less than the least.
 */
export function parseLimits(
  options: OptionValues<typeof LIMITS>,
  capacity: () => Capacity,
  { liftable = false, swapAlone = false, least = LEAST_OF_TASK } = {},
): Limits {
  const { cpuWeight, ioWeight } = options;
  const limits: Limits = defined({ cpuWeight, ioWeight });
  const parsers: Record<Liftable, (text: string, option: string) => number> = {
    memory(text, option) {
      const host = capacity().memory;
      const bytes = atMost(option, text, size(option, text, host), host, "bytes of memory");
      if (bytes >= least.memory) return bytes;
      const kibibytes = least.memory / 1024;
      throw new Usage(
        `option ${option}: ${text} is too little to start anything: give ${kibibytes}K at least`,
      );
    },
    swap(text, option) {
      const bytes = size(option, text, capacity().memory, 0);
      // cgroup v1 limits only the sum of memory and swap (memory.memsw.limit_in_bytes).
      if (limits.memory !== undefined || swapAlone) return bytes;
      throw new Usage(`option ${option} needs --memory beside it`);
    },
    cpus: (text, option) =>
      count(option, text, /^\d+(\.\d+)?$/, 0.01, capacity().cpus, "processors"),
    pids: (text, option) =>
      count(option, text, /^[1-9]\d*$/, least.pids, capacity().pids, "processes"),
  };
  for (const name of LIFTABLE) {
    const text = options[name];
    if (text === undefined) continue;
    limits[name] = liftable && text === "max" ? Infinity : parsers[name](text, `--${name}`);
  }
  // A lifted memory limit lifts that of swap, which v1 limits in sum with it.
  if (limits.memory === Infinity && options.swap === undefined) limits.swap = Infinity;
  return limits;
}

/** Parses a number of processors or processes, of which the host has so many. */
function count(
  option: string,
  text: string,
  pattern: RegExp,
  least: number,
  host: number,
  unit: string,
): number {
  const number = Number(text);
  if (pattern.test(text) && number >= least) return atMost(option, text, number, host, unit);
  throw new Usage(`option ${option} needs a number of ${unit}, at least ${least}, not "${text}"`);
}

/**
 * Returns a value that is not more than the host has.
 *
 * @param text The value as it was given, for the message.
 * @throws {Usage} if the host has less.
 */
export function atMost(
  option: string,
  text: string,
  value: number,
  host: number,
  unit: string,
): number {
  if (value > host) {
    throw new Usage(
      `option ${option}: ${text} is more than the ${host} ${unit} of this host: give less`,
    );
  }
  return value;
}
