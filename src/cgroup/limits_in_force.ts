import type { Limits } from "./limits.ts";

/** Reads a file of a cgroup, in whichever hierarchy has it; returns undefined if none has. */
export type ReadFile = (name: string) => string | undefined;

/** From this value on, a limit of version 1 stands for none: the kernel's own greatest value is near 2^63. */
const NONE = 2 ** 60;

/** The weights that cgroups have without a limit. */
const WEIGHT = 100, BLKIO_WEIGHT = 500;

/**
 * Returns the limits of a cgroup that are in force, as the kernel has rounded them: in cgroup v2
 * (admin-guide/cgroup-v2.rst) or in v1 (cgroup-v1/memory.rst, scheduler/sched-bwc.rst, pids.rst,
 * blkio-controller.rst). A limit that is not set is missing.
 */
export function limitsInForce(read: ReadFile): Limits {
  const memory = amount(read("memory.max")) ?? amount(read("memory.limit_in_bytes"));
  const both = amount(read("memory.memsw.limit_in_bytes"));
  const swap = amount(read("memory.swap.max")) ??
    (both === undefined ? undefined : Math.max(0, both - (memory ?? 0)));
  const limits: Record<keyof Limits, number | undefined> = {
    memory,
    swap,
    cpus: processors(read),
    cpuWeight: unless(WEIGHT, cpuWeight(read)),
    pids: amount(read("pids.max")),
    ioWeight: ioWeight(read),
  };
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

/** Parses a number; undefined for `max`, -1 and numbers that stand for no limit. */
function amount(text: string | undefined): number | undefined {
  const number = /^\d{1,20}$/.test(text ?? "") ? Number(text) : Infinity;
  return number < NONE ? number : undefined;
}

function processors(read: ReadFile): number | undefined {
  const [quota, period] = read("cpu.max")?.split(" ") ??
    [read("cpu.cfs_quota_us"), read("cpu.cfs_period_us")];
  const [time, of] = [amount(quota), amount(period)];
  return time === undefined || !of ? undefined : time / of;
}

function cpuWeight(read: ReadFile): number | undefined {
  const shares = amount(read("cpu.shares"));
  return amount(read("cpu.weight")) ??
    (shares === undefined ? undefined : Math.max(1, Math.round(shares * 100 / 1024)));
}

function ioWeight(read: ReadFile): number | undefined {
  const weight = (name: string) => amount(/^(?:default )?(\d+)/.exec(read(name) ?? "")?.[1]);
  return unless(
    WEIGHT,
    weight("io.weight") ?? weight("io.bfq.weight") ?? weight("blkio.bfq.weight"),
  ) ?? unless(BLKIO_WEIGHT, weight("blkio.weight"));
}

function unless(usual: number, value: number | undefined): number | undefined {
  return value === usual ? undefined : value;
}
