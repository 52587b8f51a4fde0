import { Usage } from "../cli/errors.ts";
import type { Options } from "../cli/options.ts";

/** What a task, or a whole namespace, may use at most, or by which weight. */
export interface Limits {
  /** Memory in bytes. */
  memory?: number;
  /** Swap in bytes, beyond the memory. */
  swap?: number;
  /** Processors, 1.5 for one and a half. */
  cpus?: number;
  /** Share of the processors when they are scarce, 1 to 10000, 100 by default. */
  cpuWeight?: number;
  /** Processes and threads. */
  pids?: number;
  /** Share of the disks when they are scarce, 1 to 10000, 100 by default. */
  ioWeight?: number;
}

/** The names of all limits. */
export const LIMIT_NAMES = ["memory", "swap", "cpus", "cpuWeight", "pids", "ioWeight"] as const;

/** What the host has: nobody can be given more. */
export interface Capacity {
  /** Memory in bytes. */
  memory: number;
  /** Processors. */
  cpus: number;
  /** Processes and threads. */
  pids: number;
}

/** The options that take limits, for `parseOptions`. */
export const LIMIT_OPTIONS = {
  flags: ["best-effort"],
  values: ["memory", "swap", "cpus", "cpu-weight", "pids", "io-weight"],
  alias: { m: "memory" },
} as const;

/** What a command's help says of them. */
export const LIMIT_HELP =
  `  -m, --memory SIZE      bytes, or with K, M, G or T, or a percentage of the host's
      --swap SIZE        swap beyond the memory
      --cpus N           processors, such as 1.5
      --cpu-weight N     share of scarce processors, 1 to 10000 (100)
      --pids N           processes and threads
      --io-weight N      share of scarce disks, 1 to 10000 (100)
      --best-effort      warn where the host lacks a controller, instead of failing
`;

/** The least that can be given, with which anything can be started at all. */
export interface Least {
  /** Memory in bytes. */
  memory: number;
  /** Processes. */
  pids: number;
}

/** A shell becomes the command of a task; with 128 KiB the kernel kills it before. */
export const LEAST_OF_TASK: Least = { memory: 160 * 1024, pids: 1 };

/** Of a namespace's, a shim takes a part, and what the first process of a task forks to open its log. */
export const LEAST_OF_NAMESPACE: Least = { memory: 256 * 1024, pids: 3 };

/**
 * Reads the limits off the options.
 *
 * @param capacity What the host has; asked for only if there is a limit.
 * @param liftable Whether "max" may be said, which is read as infinity.
 * @param least The least that can be given.
 * @throws {Usage} for nonsense, for more than the host has, and for less than the least.
 */
export function parseLimits(
  options: Options,
  capacity: () => Capacity,
  { liftable = false, least = LEAST_OF_TASK } = {},
): Limits {
  const limits: Limits = {};
  const given = (name: string, use: (text: string, option: string) => void) => {
    const text = options.value(name);
    if (text !== undefined && !(liftable && text === "max")) use(text, `--${name}`);
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
  given("cpu-weight", (text, option) => limits.cpuWeight = weight(option, text));
  given("io-weight", (text, option) => limits.ioWeight = weight(option, text));
  return limits;
}

/** Lifts what is "max". In v1 swap is limited by its sum with memory, and so lifted with that. */
function lift(limits: Limits, options: Options): void {
  for (const name of ["memory", "swap", "cpus", "pids"] as const) {
    if (options.value(name) === "max") limits[name] = Infinity;
  }
  if (limits.memory !== undefined && options.value("swap") === undefined) limits.swap = Infinity;
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

function weight(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text) || Number(text) > 10_000) {
    throw new Usage(`option ${option} needs a weight from 1 to 10000, not "${text}"`);
  }
  return Number(text);
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

/** One file of a cgroup and what to write into it. */
export interface Setting {
  /** The file's name, in cgroup v2 or v1. */
  file: string;
  /** What to write. */
  value: string;
}

/** A limit, and the settings that express it: the first one whose file there is counts. */
export interface LimitPlan {
  /** The option that asked for it. */
  option: string;
  /** The controller that enforces it. */
  controller: string;
  /** The same in the terms of cgroup v2 and of v1. */
  alternatives: Setting[];
}

/** The period of the processors' quota in microseconds: the kernel's default. */
const PERIOD = 100_000;

/**
 * What to write for the limits, by cgroup v2 (Documentation/admin-guide/cgroup-v2.rst)
 * and by v1 (cgroup-v1/memory.rst, sched-bwc.rst, pids.rst, blkio-controller.rst).
 */
export function planLimits(limits: Limits): LimitPlan[] {
  const plans: LimitPlan[] = [];
  const or = (value: number, none: string) => value === Infinity ? none : value;
  const plan = (
    value: number | undefined,
    option: string,
    controller: string,
    settings: (value: number) => Record<string, string | number>,
  ) => {
    if (value === undefined) return;
    const alternatives = Object.entries(settings(value))
      .map(([file, text]) => ({ file, value: String(text) }));
    plans.push({ option, controller, alternatives });
  };
  plan(limits.memory, "--memory", "memory", (bytes) => ({
    "memory.max": or(bytes, "max"),
    "memory.limit_in_bytes": or(bytes, "-1"),
  }));
  plan(limits.swap, "--swap", "memory", (bytes) => ({
    "memory.swap.max": or(bytes, "max"),
    // v1 limits the sum of both.
    "memory.memsw.limit_in_bytes": or(bytes + (limits.memory ?? 0), "-1"),
  }));
  plan(limits.cpus, "--cpus", "cpu", (cpus) => ({
    "cpu.max": `${or(Math.round(cpus * PERIOD), "max")} ${PERIOD}`,
    "cpu.cfs_quota_us": or(Math.round(cpus * PERIOD), "-1"),
  }));
  plan(limits.cpuWeight, "--cpu-weight", "cpu", (weight) => ({
    "cpu.weight": weight,
    "cpu.shares": Math.max(2, Math.round(weight * 1024 / 100)),
  }));
  plan(limits.pids, "--pids", "pids", (count) => ({ "pids.max": or(count, "max") }));
  plan(limits.ioWeight, "--io-weight", "io", (weight) => ({
    "io.weight": `default ${weight}`,
    // bfq and v1 know weights up to 1000 only.
    "io.bfq.weight": Math.min(1000, weight),
    "blkio.bfq.weight": Math.min(1000, weight),
    "blkio.weight": Math.min(1000, Math.max(10, weight)),
  }));
  return plans;
}
