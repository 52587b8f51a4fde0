import { dirname } from "@std/path/posix/dirname";
import { unlessGone } from "../cgroup/cgroup.ts";
import type { Namespace } from "../namespace/description.ts";
import { logDirectory, runDirectory } from "../namespace/paths.ts";
import type { ForgottenRun } from "../task/forgetting.ts";
import type { LogIdentity } from "../task/log_identity.ts";
import { readStatus } from "../task/record.ts";
import { listRuns } from "../task/records.ts";
import { findRunLog, isSameFile } from "./run_log.ts";

/**
 * Removes the logs of runs that have been forgotten, whatever names rotation has given to them. Only
 * files in the directory of the namespace's logs are removed, and none that a run which is still on
 * record, or under way, has written to: others may belong to others.
 *
 * @param removed The paths of the files that are removed are added to this list.
 * @returns the paths of the logs that are kept.
 */
export function removeLogs(
  { namespace }: Namespace,
  task: string,
  runs: readonly ForgottenRun[],
  removed: string[],
): string[] {
  const others = logsOf(namespace, task);
  const kept = new Set<string>();
  for (const log of runs.flatMap(({ logs }) => logs)) {
    const path = findRunLog(log.path, log.identity);
    if (path === undefined) continue;
    const isOwn = dirname(path) === logDirectory(namespace) &&
      !others.some((other) => isSameFile(other, log.identity));
    if (isOwn) remove(path, removed);
    else kept.add(path);
  }
  return [...kept];
}

/** Returns the logs of the runs of a task that are on record. */
function logsOf(namespace: string, task: string): LogIdentity[] {
  return listRuns(namespace).runs.get(task)
    ?.map((run) => readStatus(runDirectory(namespace, run, task)))
    .flatMap((status) => [status?.log ?? [], status?.stderr ?? []].flat()) ?? [];
}

/**
 * Removes the log of a task of which nothing is on record, and those that rotation has made of it.
 *
 * @param removed The paths of the files that are removed are added to this list.
 */
export function removeAllLogs({ namespace }: Namespace, task: string, removed: string[]): void {
  const directory = logDirectory(namespace);
  for (const { name, isFile } of unlessGone(() => [...Deno.readDirSync(directory)], [])) {
    if (isFile && isLogOf(name, task)) remove(`${directory}/${name}`, removed);
  }
}

/** Returns whether this is the name of a task's log, or of one that rotation has made of it. */
export function isLogOf(name: string, task: string): boolean {
  const log = `task-${task}.log`;
  return name.startsWith(log) &&
    /^([.-]\d+)*(\.(gz|bz2|xz|zst))?$/.test(name.slice(log.length));
}

function remove(path: string, removed: string[]): void {
  unlessGone(() => {
    Deno.removeSync(path);
    removed.push(path);
  }, undefined);
}
