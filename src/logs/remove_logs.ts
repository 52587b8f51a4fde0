import { dirname } from "@std/path/posix/dirname";
import { isGone, unlessGone } from "../cgroup/cgroup.ts";
import { isName, TASK_MAX } from "../cli/names.ts";
import type { Namespace } from "../namespace/description.ts";
import { logDirectory } from "../namespace/paths.ts";
import type { ForgottenRun } from "../task/forgetting.ts";
import {
  formatLogIdentity,
  identityOf,
  type LogIdentity,
  parseLogIdentity,
} from "../task/log_identity.ts";
import { findRunLog, isLogAt, isSameFile, logsOnRecord } from "./run_log.ts";

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
  const others = logsOnRecord(namespace, task);
  const kept = new Set<string>();
  for (const log of runs.flatMap(({ logs }) => logs)) {
    const path = findRunLog(log.path, log.identity);
    if (path === undefined) continue;
    const isOwn = dirname(path) === logDirectory(namespace) &&
      !others.some((other) => isSameFile(other, log.identity));
    if (isOwn) remove(path, log.identity, removed);
    else kept.add(path);
  }
  return [...kept];
}

/** Returns the tasks that have a log, or one that rotation has made of it, in the directory of the namespace's logs. */
export function tasksWithLogs(namespace: string): string[] {
  const tasks = filesIn(logDirectory(namespace)).flatMap((name) => taskOf(name) ?? []);
  return [...new Set(tasks)].filter((task) => isName(task, TASK_MAX));
}

/** Which logs `removeAllLogs` removes. */
export interface RemoveOptions {
  /** Those that were written last before this time, in milliseconds since 1970. */
  before: number;
  /** Returns whether no run of the task is on record or under way. */
  isUnknown: () => boolean;
}

/**
 * Removes the log of a task of which nothing is on record, and those that rotation has made of it.
 *
 * @param removed The paths of the files that are removed are added to this list.
 */
export function removeAllLogs(
  { namespace }: Namespace,
  task: string,
  { before, isUnknown }: RemoveOptions,
  removed: string[],
): void {
  const directory = logDirectory(namespace);
  const names = filesIn(directory);
  const found = names.filter((name) => isLogOf(name, task)).flatMap((name) => {
    const path = `${directory}/${name}`;
    const info = unlessGone(() => Deno.lstatSync(path), undefined);
    const isOld = info !== undefined && (info.mtime?.getTime() ?? Infinity) < before;
    return isOld ? [{ path, identity: identityOf(info) }] : [];
  });
  // A run makes its log when its task is registered: these are of runs before.
  if (!isUnknown()) return;
  for (const { path, identity } of found) remove(path, identity, removed);
  removeAside(directory, names);
}

function filesIn(directory: string): string[] {
  return unlessGone(() => [...Deno.readDirSync(directory)], [])
    .filter(({ isFile }) => isFile).map(({ name }) => name);
}

/** Returns whether this is the name of a task's log, or of one that rotation has made of it. */
export function isLogOf(name: string, task: string): boolean {
  return taskOf(name) === task;
}

/** Returns the task whose log has this name; undefined if it is no name of a log. */
function taskOf(name: string): string | undefined {
  return /^task-(.+)\.log([.-]\d+)*(\.(gz|bz2|xz|zst))?$/.exec(name)?.[1];
}

/** What the name of a file begins with that is being removed; the identity of that file follows. */
const ASIDE = ".forgotten-";

/**
 * Removes a file, if it is the one that is meant: the next run of the task may have made another one
 * of this name. For that it is renamed first.
 */
function remove(path: string, identity: LogIdentity, removed: string[]): void {
  const random = crypto.randomUUID().slice(0, 8);
  const aside = `${dirname(path)}/${ASIDE}${formatLogIdentity(identity)}-${random}`;
  if (!unlessGone(() => (Deno.renameSync(path, aside), true), false)) return;
  if (!isLogAt(aside, identity)) return putBack(aside, path);
  unlessGone(() => Deno.removeSync(aside), undefined);
  removed.push(path);
}

/** Gives a log its name again, or that of a rotated one if the name is taken by now. */
function putBack(aside: string, path: string): void {
  for (let number = 0;; number++) {
    try {
      Deno.linkSync(aside, number === 0 ? path : `${path}.${number}`);
      break;
    } catch (error) {
      if (isGone(error)) return;
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
  unlessGone(() => Deno.removeSync(aside), undefined);
}

/** Removes what a process that was killed has left between the renaming and the removal of a file. */
function removeAside(directory: string, names: readonly string[]): void {
  for (const name of names) {
    if (!name.startsWith(ASIDE)) continue;
    const identity = parseLogIdentity(name.slice(ASIDE.length, name.lastIndexOf("-")));
    const path = `${directory}/${name}`;
    if (identity !== undefined && isLogAt(path, identity)) {
      unlessGone(() => Deno.removeSync(path), undefined);
    }
  }
}
