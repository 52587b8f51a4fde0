import { processesIn } from "../cgroup/cgroup.ts";
import { startOf } from "./clock.ts";
import { registered } from "../namespace/paths.ts";
import type { RunRecord } from "./record.ts";

/**
 * Returns the start time of a run, in milliseconds since boot. If its record has none, as those of
 * older versions, returns the start time of its shim, which was started a moment before.
 *
 * @returns undefined if the record has none and the shim has ended.
 */
export function startOfRun(
  namespace: string,
  { task, shim, sinceBoot }: Pick<RunRecord, "task" | "shim" | "sinceBoot">,
): number | undefined {
  if (sinceBoot !== undefined) return sinceBoot;
  // Another process may have the shim's process id by now, but not in the task's cgroup.
  return processesIn(registered(namespace, task)).includes(shim) ? startOf(shim) : undefined;
}
