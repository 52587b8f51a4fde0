import { unlessGone } from "../cgroup/cgroup.ts";
import type { Namespace } from "../namespace/description.ts";
import { usageDirectory } from "../namespace/paths.ts";
import { endInMark } from "./host_crash.ts";
import { endOf, readRun, type RecordedRun, unlessBad } from "./records.ts";
import { isOfBoot, isRunId, timeOf } from "./run_id.ts";

/**
 * Returns when a run that is over ended, in milliseconds since 1970. If nobody could record that, it
 * is the latest time at which it can have ended, so that what may have ended lately is shown, and is
 * not forgotten: the time of this boot for a run of an earlier one, or that at which the counters of
 * the run were saved, or now.
 *
 * @param found Its record, if the caller knows it.
 */
export function latestEnd(
  namespace: Namespace,
  task: string,
  run: string,
  found = unlessBad(() => readRun(namespace.namespace, task, run)),
): number {
  const known = found && endOf(found);
  if (known != null) return known;
  // Its command was never executed.
  if (found?.status.executed === false) return found.record.started;
  const { boot } = namespace;
  if (boot !== undefined && isRunId(run) && !isOfBoot(run, boot)) {
    return Math.max(boot.at, timeOf(run));
  }
  const other = found === undefined
    ? endInMark(namespace.namespace, run, task)
    : countersSaved(namespace.namespace, found);
  return other ?? Date.now();
}

function countersSaved(namespace: string, { record, left }: RecordedRun): number | undefined {
  // Of a run of which only the mark is left they are gone; another may have its number.
  if (left !== undefined) return undefined;
  const file = `${usageDirectory(namespace)}/${record.inode}-${record.task}`;
  return unlessGone(() => Deno.statSync(file).mtime?.getTime(), undefined);
}
