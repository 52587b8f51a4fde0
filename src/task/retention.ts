import { removeCgroup, unlessGone } from "../cgroup/cgroup.ts";
import { namedRoot, runDirectory, runsDirectory, usageDirectory } from "../namespace/paths.ts";
import { marksByTask, unmark } from "./host_crash.ts";
import { isOnce } from "./once_record.ts";
import { formerDirectory } from "./records_of_1_1.ts";
import { removeTree } from "./record_file.ts";
import { listRuns } from "./records.ts";
import type { Runs } from "./run_names.ts";
import { isRunning, registeredInode } from "./task.ts";

/** How many runs of a namespace are kept, beside the last one of each task. */
export const KEPT_RUNS = 1000;

/** How many more may gather before they are removed, so that only one launch in so many does this work. */
const SLACK = 100;

/** How many runs are removed when the disk is full. */
const MADE_WAY = 100;

/** After how many milliseconds an incomplete launch is taken for one whose process was killed. */
const ABANDONED = 600_000;

/** A run that has a record. */
export interface Remembered {
  /** The id of the run. */
  run: string;
  /** The name of the task. */
  task: string;
  /** Whether it is the last run of its task. */
  isLast: boolean;
}

/** Returns the runs of a list, the oldest first. */
export function byAge(runs: Runs): Remembered[] {
  const all = [...runs].flatMap(([task, ids]) =>
    ids.map((run, i) => ({ run, task, isLast: i === ids.length - 1 }))
  );
  return all.sort((a, b) => a.run < b.run ? -1 : a.run > b.run ? 1 : 0);
}

/**
 * Returns the runs that are to be removed: all but the newest and the last of each task.
 *
 * @param runs All runs, the oldest first.
 * @param keep How many of the newest to keep.
 */
export function forgettable(runs: readonly Remembered[], keep = KEPT_RUNS): Remembered[] {
  return runs.slice(0, Math.max(0, runs.length - keep)).filter(({ isLast }) => !isLast);
}

/** Removes the oldest runs of a namespace, if there are many more than are to be kept. */
export function forgetOldRuns(namespace: string): void {
  // A directory has a link for each subdirectory (inode(7)): counting them is cheaper than listing.
  const links = Deno.statSync(runsDirectory(namespace)).nlink ?? 0;
  if (links <= KEPT_RUNS + SLACK) return;
  const old = forgettable(byAge(listRuns(namespace).runs))
    .filter(({ task, run }) => !isOnce(namespace, task, run));
  if (old.length <= SLACK) return;
  for (const run of old) forget(namespace, run);
  forgetAbandoned(namespace);
  forgetCounters(namespace);
}

/** Removes the oldest counters of runs where they are the owner's; the release agent removes its own. */
function forgetCounters(namespace: string): void {
  const directory = usageDirectory(namespace);
  try {
    const names = [...Deno.readDirSync(directory)].filter(({ isFile }) => isFile)
      .map(({ name }) => name);
    if (names.length <= KEPT_RUNS + SLACK) return;
    // Inode numbers of cgroups grow.
    const inode = (name: string) => Number(name.slice(0, name.indexOf("-")));
    names.sort((a, b) => inode(a) - inode(b));
    for (const name of names.slice(0, -KEPT_RUNS)) Deno.removeSync(`${directory}/${name}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  }
}

/**
 * Makes room for a new record: removes the oldest runs of a namespace that are over, first those
 * that are not the last of their task.
 *
 * @returns whether there were any.
 */
export function forgetOldest(namespace: string): boolean {
  forgetAbandoned(namespace);
  const list = listRuns(namespace);
  const runs = byAge(list.runs);
  const marks = marksByTask(namespace);
  const former = [...list.former].filter((task) => !isRunning(namespace, task));
  for (const task of former) removeTree(formerDirectory(namespace, task));
  let forgotten = former.length;
  for (const run of [...runs.filter((run) => !run.isLast), ...runs.filter((run) => run.isLast)]) {
    if (forgotten >= MADE_WAY) break;
    if (isOnce(namespace, run.task, run.run) || !forget(namespace, run)) continue;
    forgotten++;
    // Without the mark of its last run, an earlier one of a task could seem to be the last.
    if (run.isLast) { for (const id of marks.get(run.task) ?? []) unmark(namespace, id, run.task); }
  }
  return forgotten > 0;
}

/**
 * Removes a run that is over: one that is not the last of its task, or whose task is not registered.
 * No other run ever gets the same directory, so that this cannot remove a new one.
 *
 * @returns whether the run was over.
 */
export function forget(namespace: string, { run, task, isLast }: Remembered): boolean {
  if (isLast && registeredInode(namespace, task) !== undefined) return false;
  const directory = runDirectory(namespace, run, task);
  // The record is removed first: if this process is killed in between, the rest counts as no run.
  unlessGone(() => Deno.removeSync(`${directory}/run.json`), undefined);
  removeTree(directory);
  unmark(namespace, run, task);
  return true;
}

/** Removes the directories and cgroups of launches whose process was killed. */
function forgetAbandoned(namespace: string): void {
  const runs = runsDirectory(namespace);
  for (const { name } of Deno.readDirSync(runs)) {
    // Version 1.1.0 made names with "old" and "no-exit".
    if (/^\.(new|old|no-exit)-/.test(name) && isOld(`${runs}/${name}`)) {
      removeTree(`${runs}/${name}`);
    }
  }
  // The kernel calls no release agent for a cgroup that has never had a process. A cgroup in use
  // cannot be removed.
  for (const { name } of Deno.readDirSync(namedRoot(namespace))) {
    const path = `${namedRoot(namespace)}/${name}`;
    if (/^(new|exit|enter|bell)-/.test(name) && isOld(path)) removeCgroup(path);
  }
}

function isOld(path: string): boolean {
  const written = unlessGone(() => Deno.statSync(path).mtime?.getTime() ?? 0, Date.now());
  return Date.now() - written > ABANDONED;
}
