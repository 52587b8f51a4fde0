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
