import { processesIn } from "../cgroup/cgroup.ts";
import { startOf } from "./clock.ts";
import { registered } from "../namespace/paths.ts";
import type { RunRecord } from "./record.ts";

/**
 * When a run was started, in milliseconds since boot. Where an older lanĉo has not written it
 * down, its shim tells as long as it lives: that was started a moment before.
 *
 * @returns nothing if that is not known.
 */
export function startOfRun(
  namespace: string,
  { task, shim, sinceBoot }: Pick<RunRecord, "task" | "shim" | "sinceBoot">,
): number | undefined {
  if (sinceBoot !== undefined) return sinceBoot;
  // Its number may be another's by now.
  return processesIn(registered(namespace, task)).includes(shim) ? startOf(shim) : undefined;
}
