import { isThere, removeCgroup, unlessGone } from "../../cgroup/cgroup.ts";
import type { Namespace } from "../../namespace/description.ts";
import { registered, shimCgroup, usageDirectory } from "../../namespace/paths.ts";
import { registeredInode } from "../../task/task.ts";
import { isTaskPopulated, saysPopulated } from "../../task/population.ts";
import { UNIFIED_COUNTERS } from "../../task/usage.ts";
import { withLock } from "./lock.ts";

/** Does what `Keeper.reap` says: the shim does it at the end of a run, unless it was killed. */
export async function reap(namespace: Namespace, task: string): Promise<boolean> {
  if (!isThere(registered(namespace.namespace, task))) return true;
  return await withLock(namespace, task, () => reapLocked(namespace.namespace, task));
}

/**
 * Keeps the counters of a run that is over, and removes its cgroups. To be called with the lock of
 * the task's name.
 *
 * @returns whether the name is free.
 */
export function reapLocked(namespace: string, task: string): boolean {
  const inode = registeredInode(namespace, task);
  const shim = shimCgroup(namespace, task);
  if (inode === undefined) return !saysPopulated(shim) && removeCgroup(shim);
  if (isTaskPopulated(namespace, task)) return false;
  const cgroup = registered(namespace, task);
  keepCounters(cgroup, `${usageDirectory(namespace)}/${inode}-${task}`);
  return removeCgroup(shim) && removeCgroup(cgroup);
}

/** Writes the counters of a run: for each line of a counter's file its name, and that line. */
function keepCounters(cgroup: string, file: string): void {
  const lines = UNIFIED_COUNTERS.flatMap((name) =>
    unlessGone(() => Deno.readTextFileSync(`${cgroup}/${name}`), "").split("\n")
      .filter((line) => line !== "").map((line) => `${name} ${line}\n`)
  );
  try {
    Deno.writeTextFileSync(file, lines.join(""), { createNew: true, mode: 0o644 });
  } catch {
    // They are kept already, or there is no space: what a run has used is no reason to fail.
  }
}
