import { type Capacity, LEAST_OF_TASK, type Limits } from "../cgroup/limits.ts";
import { defined } from "../cli/defined.ts";
import { Usage } from "../cli/errors.ts";
import { flag, type OptionValues, parseSpelling, value, whole } from "../cli/options.ts";
import { size } from "../cli/sizes.ts";

/** Returns an option whose value is parsed by `parseLimits()`, which knows the host's capacity. */
function limit(spelling: string, about: string, takes: string) {
  return value(spelling, about, [takes, "text", "number"], (text) => text);
}

const WEIGHTS = { min: 1, max: 10_000 };

/** The options that set limits. */
export const LIMITS = {
  memory: limit(
    "-m, --memory SIZE",
    "such as 512M or 2G, or 50% of the host's",
    'a size such as "2G" or "50%", or a number of bytes',
  ),
  swap: limit(
    "--swap SIZE",
    "swap beyond the memory",
    'a size such as "2G" or "50%", or a number of bytes',
  ),
  cpus: limit("--cpus N", "processors, such as 1.5", "a number of processors"),
  cpuWeight: whole("--cpu-weight N", "share of scarce processors, 1 to 10000 (100)", WEIGHTS),
  pids: limit("--pids N", "processes and threads", "a whole number"),
  ioWeight: whole("--io-weight N", "share of scarce disks, 1 to 10000 (100)", WEIGHTS),
  bestEffort: flag("--best-effort", "warn, not fail, if the host lacks a controller"),
};

/** The values of the options that set limits. */
export type LimitOptions = OptionValues<typeof LIMITS>;

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
  options: LimitOptions,
  capacity: () => Capacity,
  { liftable = false, swapAlone = false, least = LEAST_OF_TASK } = {},
): Limits {
  const { cpuWeight, ioWeight } = options;
  const limits: Limits = defined({ cpuWeight, ioWeight });
  const given = (name: typeof LIFTABLE[number], use: (text: string, option: string) => void) => {
    const text = options[name];
    if (text === undefined || (liftable && text === "max")) return;
    use(text, `--${parseSpelling(LIMITS[name]).name}`);
  };
  if (liftable) lift(limits, options);
  given("memory", (text, option) => {
    const host = capacity().memory;
    limits.memory = atMost(option, text, size(option, text, host), host, "bytes of memory");
    if (limits.memory < least.memory) {
      const kibibytes = least.memory / 1024;
      throw new Usage(
        `option ${option}: ${text} is too little to start anything: give ${kibibytes}K at least`,
      );
    }
  });
  given("swap", (text, option) => {
    limits.swap = size(option, text, capacity().memory, 0);
    // cgroup v1 limits only the sum of memory and swap (memory.memsw.limit_in_bytes).
    if (limits.memory === undefined && !swapAlone) {
      throw new Usage(`option ${option} needs --memory beside it`);
    }
  });
  given("cpus", (text, option) => {
    const number = count(option, text, /^\d+(\.\d+)?$/, 0.01, "processors");
    limits.cpus = atMost(option, text, number, capacity().cpus, "processors");
  });
  given("pids", (text, option) => {
    const number = count(option, text, /^[1-9]\d*$/, least.pids, "processes");
    limits.pids = atMost(option, text, number, capacity().pids, "processes");
  });
  return limits;
}

/** Parses a number of processors or processes. */
function count(option: string, text: string, pattern: RegExp, least: number, unit: string): number {
  if (pattern.test(text) && Number(text) >= least) return Number(text);
  throw new Usage(`option ${option} needs a number of ${unit}, at least ${least}, not "${text}"`);
}

/** The limits that "max" can lift. */
const LIFTABLE = ["memory", "swap", "cpus", "pids"] as const;

/** Lifts limits that are "max". A lifted memory limit lifts that of swap, which v1 limits in sum with it. */
function lift(limits: Limits, options: LimitOptions): void {
  for (const name of LIFTABLE) {
    if (options[name] === "max") limits[name] = Infinity;
  }
  if (limits.memory !== undefined && options.swap === undefined) limits.swap = Infinity;
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
