import { Usage } from "./errors.ts";
import type { Options } from "./options.ts";

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
export const LIMIT_HELP = `  -m, --memory SIZE      bytes, or with K, M, G or T, or a percentage of the host's
      --swap SIZE        swap beyond the memory
      --cpus N           processors, such as 1.5
      --cpu-weight N     share of scarce processors, 1 to 10000 (100)
      --pids N           processes and threads
      --io-weight N      share of scarce disks, 1 to 10000 (100)
      --best-effort      warn where the host lacks a controller, instead of failing
`;

/**
 * Reads the limits off the options.
 *
 * @param capacity What the host has; asked for only if there is a limit.
 * @throws {Usage} for nonsense, and for more than the host has.
 */
export function parseLimits(options: Options, capacity: () => Capacity): Limits {
  const limits: Limits = {};
  const given = (name: string, use: (text: string, option: string) => void) => {
    const text = options.value(name);
    if (text !== undefined) use(text, `--${name}`);
  };
  given("memory", (text, option) => {
    const host = capacity().memory;
    limits.memory = atMost(option, text, size(option, text, host), host, "bytes of memory");
  });
  given("swap", (text, option) => limits.swap = size(option, text, capacity().memory, 0));
  given("cpus", (text, option) => {
    if (!/^\d+(\.\d+)?$/.test(text) || Number(text) < 0.01) {
      throw new Usage(`option ${option} needs a number of processors, at least 0.01, not "${text}"`);
    }
    limits.cpus = atMost(option, text, Number(text), capacity().cpus, "processors");
  });
  given("pids", (text, option) => {
    if (!/^[1-9]\d*$/.test(text)) {
      throw new Usage(`option ${option} needs a number of processes, at least 1, not "${text}"`);
    }
    limits.pids = atMost(option, text, Number(text), capacity().pids, "processes");
  });
  given("cpu-weight", (text, option) => limits.cpuWeight = weight(option, text));
  given("io-weight", (text, option) => limits.ioWeight = weight(option, text));
  return limits;
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};

function size(option: string, text: string, host: number, least = 1): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([KMGT]?|%)$/.exec(text.toUpperCase()) ?? [];
  const factor = unit === "%" ? host / 100 : UNITS[unit ?? "none"];
  const bytes = Math.floor(Number(number) * (factor ?? NaN));
  if (!Number.isSafeInteger(bytes) || bytes < least) {
    throw new Usage(`option ${option} needs a size such as 512M, 2G or 50%, not "${text}"`);
  }
  return bytes;
}

function weight(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text) || Number(text) > 10_000) {
    throw new Usage(`option ${option} needs a weight from 1 to 10000, not "${text}"`);
  }
  return Number(text);
}

function atMost(option: string, text: string, value: number, host: number, what: string): number {
  if (value > host) {
    throw new Usage(`option ${option}: ${text} is more than the ${host} ${what} of this host`);
  }
  return value;
}

/** One file of a cgroup and what to write into it. */
export interface Setting {
  /** The controller whose file it is. */
  controller: string;
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
  /** One group a cgroup version; each is written whole, in this order. */
  alternatives: Setting[][];
}

/** The period of the processors' quota, in microseconds, as is usual. */
const PERIOD = 100_000;

/**
 * What to write for the limits, by cgroup v2 (Documentation/admin-guide/cgroup-v2.rst)
 * and by v1 (cgroup-v1/memory.rst, sched-bwc.rst, pids.rst, blkio-controller.rst).
 */
export function planLimits(limits: Limits): LimitPlan[] {
  const plans: LimitPlan[] = [];
  const plan = (
    value: number | undefined,
    option: string,
    controller: string,
    ...alternatives: [string, string][][]
  ) => {
    if (value === undefined) return;
    plans.push({
      option,
      controller,
      alternatives: alternatives.map((files) =>
        files.map(([file, text]) => ({ controller, file, value: text }))
      ),
    });
  };
  const { memory, swap, cpus, cpuWeight, pids, ioWeight } = limits;
  const bytes = String(memory);
  plan(memory, "--memory", "memory", [["memory.max", bytes]], [["memory.limit_in_bytes", bytes]]);
  // v1 limits the sum of both, and needs the memory's limit for it.
  plan(swap, "--swap", "memory", [["memory.swap.max", String(swap)]], [
    ...(memory === undefined ? [["memory.limit_in_bytes needs --memory", ""] as [string, string]] : []),
    ["memory.memsw.limit_in_bytes", String((memory ?? 0) + (swap ?? 0))],
  ]);
  const quota = String(Math.round((cpus ?? 0) * PERIOD));
  plan(cpus, "--cpus", "cpu", [["cpu.max", `${quota} ${PERIOD}`]], [
    ["cpu.cfs_period_us", String(PERIOD)],
    ["cpu.cfs_quota_us", quota],
  ]);
  const shares = Math.max(2, Math.round((cpuWeight ?? 0) * 1024 / 100));
  plan(cpuWeight, "--cpu-weight", "cpu", [["cpu.weight", String(cpuWeight)]], [
    ["cpu.shares", String(shares)],
  ]);
  plan(pids, "--pids", "pids", [["pids.max", String(pids)]]);
  const blkio = String(Math.min(1000, Math.max(10, Math.round((ioWeight ?? 0) * 5))));
  plan(
    ioWeight,
    "--io-weight",
    "io",
    [["io.weight", `default ${ioWeight}`]],
    [["io.bfq.weight", String(Math.min(1000, ioWeight ?? 0))]],
    [["blkio.bfq.weight", String(Math.min(1000, ioWeight ?? 0))]],
    [["blkio.weight", blkio]],
  );
  return plans;
}
