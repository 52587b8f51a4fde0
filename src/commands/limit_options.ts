import { type Capacity, LEAST_OF_TASK, type Limits } from "../cgroup/limits.ts";
import { Usage } from "../cli/errors.ts";
import { flag, type OptionValues, parseSpelling, value, whole } from "../cli/options.ts";

/** An option whose value depends on what the host has, and is read when that is known. */
function limit(spelling: string, about: string, takes: string) {
  return value(spelling, about, [takes, "text", "number"], (text) => text);
}

/** What a weight may be. */
const WEIGHTS = { min: 1, max: 10_000 };

/** The options that take limits. */
export const LIMITS = {
  memory: limit(
    "-m, --memory SIZE",
    "bytes, or with K, M, G or T, or a percentage of the host's",
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
  bestEffort: flag(
    "--best-effort",
    "warn where the host lacks a controller, instead of failing",
  ),
};

/** What was given of them. */
export type LimitOptions = OptionValues<typeof LIMITS>;

/**
 * Reads the limits off the options.
 *
 * @param capacity What the host has; asked for only if there is a limit.
 * @param liftable Whether "max" may be said, which is read as infinity.
 * @param least The least that can be given.
 * @throws {Usage} for nonsense, for more than the host has, and for less than the least.
 */
export function parseLimits(
  options: LimitOptions,
  capacity: () => Capacity,
  { liftable = false, least = LEAST_OF_TASK } = {},
): Limits {
  const { cpuWeight, ioWeight } = options;
  const limits: Limits = {
    ...(cpuWeight === undefined ? {} : { cpuWeight }),
    ...(ioWeight === undefined ? {} : { ioWeight }),
  };
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
      throw new Usage(
        `option ${option}: ${text} is too little to start anything: give ${
          least.memory / 1024
        }K at least`,
      );
    }
  });
  given("swap", (text, option) => {
    limits.swap = size(option, text, capacity().memory, 0);
    // Only the sum of both can be limited in v1.
    if (limits.memory === undefined) throw new Usage(`option ${option} needs --memory beside it`);
  });
  given("cpus", (text, option) => {
    if (!/^\d+(\.\d+)?$/.test(text) || Number(text) < 0.01) {
      throw new Usage(
        `option ${option} needs a number of processors, at least 0.01, not "${text}"`,
      );
    }
    limits.cpus = atMost(option, text, Number(text), capacity().cpus, "processors");
  });
  given("pids", (text, option) => {
    if (!/^[1-9]\d*$/.test(text) || Number(text) < least.pids) {
      throw new Usage(
        `option ${option} needs a number of processes, at least ${least.pids}, not "${text}"`,
      );
    }
    limits.pids = atMost(option, text, Number(text), capacity().pids, "processes");
  });
  return limits;
}

/** The limits that "max" lifts. */
const LIFTABLE = ["memory", "swap", "cpus", "pids"] as const;

/** Lifts what is "max". In v1 swap is limited by its sum with memory, and so lifted with that. */
function lift(limits: Limits, options: LimitOptions): void {
  for (const name of LIFTABLE) {
    if (options[name] === "max") limits[name] = Infinity;
  }
  if (limits.memory !== undefined && options.swap === undefined) limits.swap = Infinity;
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};

/**
 * The bytes that were meant by `512M`, `2G` or `50%`.
 *
 * @param host What a percentage is of, in bytes.
 * @param least The least that is allowed, in bytes.
 * @throws {Usage} for nonsense, and for less.
 */
export function size(option: string, text: string, host: number, least = 1): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([KMGT]?|%)$/.exec(text.toUpperCase()) ?? [];
  // Divided last, for 100% is to be all of it, to the byte.
  const [factor = NaN, divisor] = unit === "%" ? [host, 100] : [UNITS[unit ?? "none"], 1];
  const bytes = Math.floor(Number(number) * factor / divisor);
  if (bytes < least && least > 1) {
    throw new Usage(`option ${option} needs at least ${inUnits(least)}, not "${text}"`);
  }
  if (!Number.isSafeInteger(bytes) || bytes < least) {
    throw new Usage(`option ${option} needs a size such as 512M, 2G or 50%, not "${text}"`);
  }
  return bytes;
}

/** The size as it can be given: in the greatest unit of which it is a multiple. */
function inUnits(bytes: number): string {
  const [unit, factor] = Object.entries(UNITS).findLast(([, factor]) => bytes % factor === 0) ??
    ["", 1];
  return `${bytes / factor}${unit}`;
}

/**
 * The value, if the host has as much.
 *
 * @throws {Usage} if it has not.
 */
export function atMost(
  option: string,
  text: string,
  value: number,
  host: number,
  what: string,
): number {
  if (value > host) {
    throw new Usage(`option ${option}: ${text} is more than the ${host} ${what} of this host`);
  }
  return value;
}
