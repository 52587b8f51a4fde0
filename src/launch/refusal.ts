import type { Limits } from "../cgroup/limits.ts";
import { limitBehind, noMoreProcesses } from "../namespace/caller_limits.ts";
import { whyFrozen } from "../namespace/frozen.ts";
import { Failed, LancoError, reason } from "../cli/errors.ts";
import type { Namespace } from "../namespace/description.ts";
import { read } from "./set_limits.ts";
import { EndedEarly } from "./shim/ended_early.ts";

/** The exit statuses of shells that cannot fork: of dash and busybox, and of bash. */
const CANNOT_FORK = [2, 254];

/** How many processes a launch adds at most to those of its namespace. */
const NEEDED = 5;

/** How much memory a launch needs at most in its namespace, in bytes. */
const NEEDED_MEMORY = 1024 * 1024;

/** Why a launch has failed. */
export interface Reasons {
  /** The reason; undefined if the error itself tells it, or if it cannot be found out. */
  why: string | undefined;
  /** The reason if it turns out that the shim or its child was killed. */
  ifKilled: string | undefined;
}

/**
 * Returns the reasons why a launch has failed: the namespace is frozen, or a limit of the task, the
 * namespace or the caller was reached. The cgroups of the task must still exist, for their counters
 * are read.
 */
export function reasons(
  namespace: Namespace,
  task: string,
  limits: Limits,
  error: unknown,
): Reasons {
  try {
    const why = findReason(namespace, task, limits, error);
    const mayBeKilled = why === undefined &&
      (error instanceof Failed || !(error instanceof LancoError));
    return { why, ifKilled: mayBeKilled ? outOfMemory(namespace, task, limits) : undefined };
  } catch {
    // The launch is to be undone whatever keeps the reason from being found out, as for want of descriptors.
    return { why: limitBehind(error), ifKilled: undefined };
  }
}

function findReason(
  namespace: Namespace,
  task: string,
  limits: Limits,
  error: unknown,
): string | undefined {
  const frozen = error instanceof Failed ? whyFrozen(namespace) : undefined;
  if (frozen !== undefined) return frozen;
  if (!(error instanceof LancoError)) {
    const isOutOfMemory = reason(error).includes("os error 12)");
    return (isOutOfMemory ? fullMemory(namespace) : undefined) ?? limitBehind(error);
  }
  if (!(error instanceof EndedEarly)) return undefined;
  if (error.status === 137) return outOfMemory(namespace, task, limits);
  if (!CANNOT_FORK.includes(error.status)) return undefined;
  return tooManyProcesses(namespace) ?? fullMemory(namespace) ?? noMoreProcesses();
}

/**
 * Returns the reason if the kernel has killed a process of the launch for want of memory
 * (memory.events; v1: memory.oom_control). If it was not in the task's cgroup, as the shim, or that
 * cgroup has been removed meanwhile, the counter is the namespace's. An earlier launch may have been
 * killed then: the memory must still be full, too.
 */
function outOfMemory(namespace: Namespace, task: string, limits: Limits): string | undefined {
  const own = `task-${task}`;
  const killed = oomKills(namespace, own);
  if (killed === undefined || killed === 0) {
    return killed === undefined || oomKills(namespace, "") !== 0
      ? fullMemory(namespace)
      : undefined;
  }
  const reached = ["memory.events", "memory.failcnt"].some((file) =>
    /^(max )?[1-9]\d*$/m.test(read(namespace, own, file) ?? "")
  );
  return limits.memory !== undefined && reached
    ? `its limit on memory, --memory, is ${limits.memory} bytes, with which it cannot be started: give more`
    : memoryIsFull(namespace);
}

/** Returns how many processes of a cgroup the kernel has killed for want of memory; undefined if it has no counter. */
function oomKills(namespace: Namespace, cgroup: string): number | undefined {
  for (const file of ["memory.events", "memory.oom_control"]) {
    const [, count] = /^oom_kill (\d+)/m.exec(read(namespace, cgroup, file) ?? "") ?? [];
    if (count !== undefined) return Number(count);
  }
  return undefined;
}

/** Returns the reason if the namespace has no memory left for a launch (memory.current; v1: memory.usage_in_bytes). */
function fullMemory(namespace: Namespace): string | undefined {
  const files = [
    ["memory.max", "memory.current"],
    ["memory.limit_in_bytes", "memory.usage_in_bytes"],
  ] as const;
  const isFull = files.some(([limit, usage]) => {
    const [most = "", used = ""] = [limit, usage].map((file) => read(namespace, "", file));
    return /^\d+$/.test(most) && Number(used) + NEEDED_MEMORY > Number(most);
  });
  return isFull ? memoryIsFull(namespace) : undefined;
}

function memoryIsFull({ namespace }: Namespace): string {
  return `the memory of namespace ${namespace} is full: end a task, or give it more with "init --memory"`;
}

function tooManyProcesses(namespace: Namespace): string | undefined {
  const files = ["pids.max", "pids.current"];
  const [most = "", now = ""] = files.map((file) => read(namespace, "", file));
  if (!/^\d+$/.test(most) || Number(now) + NEEDED <= Number(most)) return undefined;
  return `namespace ${namespace.namespace} may have ${most} processes, shims included, and has ${now}: end a task, or give it more with "init --pids"`;
}
