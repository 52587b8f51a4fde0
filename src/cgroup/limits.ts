// The limits of a task or a namespace, and the files of the controllers that enforce them.

/** The limits of a task or of a whole namespace; `Infinity` lifts a limit. */
export interface Limits {
  /** The most memory, in bytes. */
  memory?: number;
  /** The most swap in addition to the memory, in bytes. */
  swap?: number;
  /** The most processor time, in processors: 1.5 is one and a half. */
  cpus?: number;
  /** The share of contended processors: a weight of 1 to 10000, 100 by default. */
  cpuWeight?: number;
  /** The most processes and threads. */
  pids?: number;
  /** The share of contended disks: a weight of 1 to 10000, 100 by default. */
  ioWeight?: number;
}

/** The names of all fields of `Limits`. */
export const LIMIT_NAMES = ["memory", "swap", "cpus", "cpuWeight", "pids", "ioWeight"] as const;

/** The resources of the host, which no limit may exceed. */
export interface Capacity {
  /** Memory in bytes. */
  memory: number;
  /** The number of processors. */
  cpus: number;
  /** The most processes and threads (kernel.pid_max). */
  pids: number;
}

/** The smallest limits with which a command can still be started. */
export type Least = Pick<Capacity, "memory" | "pids">;

/**
 * The smallest limits of a task. A shell in the task's cgroup executes the command: with a
 * limit of 128 KiB the OOM killer ends that shell first.
 */
export const LEAST_OF_TASK: Least = { memory: 160 * 1024, pids: 1 };

/**
 * The smallest limits of a namespace. A task needs a shim, its first process and the process
 * that it forks to open the log.
 */
export const LEAST_OF_NAMESPACE: Least = { memory: 256 * 1024, pids: 3 };

/** A file of a cgroup and the value to write into it. */
export interface Setting {
  /** The file's name, in cgroup v2 or v1. */
  file: string;
  /** The value to write. */
  value: string;
}

/** The ways to enforce one limit. */
export interface LimitPlan {
  /** The option of the command line that sets the limit. */
  option: string;
  /** The controller that enforces it. */
  controller: string;
  /** The setting for each version of the controller; the first whose file exists is written. */
  alternatives: Setting[];
}

/** The period of the CPU quota in microseconds: the kernel's default. */
const PERIOD = 100_000;

/**
 * Returns the settings that enforce the limits, in cgroup v2
 * (Documentation/admin-guide/cgroup-v2.rst) and in v1 (cgroup-v1/memory.rst, sched-bwc.rst,
 * pids.rst, blkio-controller.rst).
 */
export function planLimits(limits: Limits): LimitPlan[] {
  const plans: LimitPlan[] = [];
  const or = (value: number, unlimited: string) => value === Infinity ? unlimited : value;
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
    // v1 limits the sum of memory and swap.
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
    // The weights of BFQ and of v1 end at 1000.
    "io.bfq.weight": Math.min(1000, weight),
    "blkio.bfq.weight": Math.min(1000, weight),
    "blkio.weight": Math.min(1000, Math.max(10, weight)),
  }));
  return plans;
}
