import { isGone } from "../cgroup/cgroup.ts";
import type { Limits } from "../cgroup/limits.ts";
import { Failed, reason } from "../cli/errors.ts";
import type { Namespace } from "../namespace/description.ts";
import { locate } from "./set_limits.ts";

/** The counters of memory.stat that the kernel can reclaim without swap. */
const RECLAIMABLE = ["inactive_file", "active_file", "slab_reclaimable"];

/**
 * Has the kernel reclaim so much of a task's memory that it is below a new limit: version 2 would
 * kill processes to enforce a limit that is less than what is in use (memory.max, memory.reclaim in
 * admin-guide/cgroup-v2.rst). Version 1 refuses such a limit by itself.
 *
 * @throws {Failed} if more is in use that cannot be reclaimed.
 */
export async function freeMemory(
  namespace: Namespace,
  task: string,
  { memory }: Limits,
): Promise<void> {
  const file = (name: string) => locate(namespace, `task-${task}`, name);
  const current = file("memory.current");
  if (memory === undefined || memory === Infinity || current === undefined) return;
  const inUse = () => Number(Deno.readTextFileSync(current));
  const excess = inUse() - memory;
  if (excess <= 0) return;
  const reclaim = file("memory.reclaim");
  if (reclaim !== undefined) {
    await reclaimed(reclaim, excess);
    if (inUse() <= memory) return;
  } else if (excess <= reclaimable(Deno.readTextFileSync(file("memory.stat") ?? ""))) return;
  throw new Failed(
    `cannot set --memory of task ${task}: it uses ${inUse()} bytes, and the kernel would kill it: give more, or stop it`,
  );
}

/** Asks the kernel to reclaim so many bytes (Linux 5.19). It refuses if it cannot reclaim all of them. */
async function reclaimed(file: string, bytes: number): Promise<void> {
  try {
    await Deno.writeTextFile(file, String(bytes), { create: false });
  } catch (error) {
    if (isGone(error)) throw error;
    // EAGAIN: less could be reclaimed; EINTR, EPERM: the caller is told by what is in use then.
    if (!/os error (1|4|11)\)/.test(reason(error))) throw error;
  }
}

/** Returns how many bytes the kernel can reclaim without swap, by memory.stat. */
export function reclaimable(stat: string): number {
  return RECLAIMABLE.reduce((sum, name) => {
    const [, bytes = "0"] = new RegExp(`^${name} (\\d+)$`, "m").exec(stat) ?? [];
    return sum + Number(bytes);
  }, 0);
}
