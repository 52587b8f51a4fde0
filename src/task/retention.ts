import { removeCgroup, unlessGone } from "../cgroup/cgroup.ts";
import { namedRoot, runDirectory, runsDirectory } from "../namespace/paths.ts";
import { unmark } from "./marks.ts";
import { formerDirectory } from "./records_of_1_1.ts";
import { removeTree } from "./record_file.ts";
import { listRuns, type RunList } from "./records.ts";
import { isRunning, registeredInode } from "./task.ts";

/** How many runs of a namespace are remembered, beside the last one of each task. */
export const KEPT_RUNS = 1000;

/** How many more may gather before they are cleared away, so that few runs have the trouble. */
const SLACK = 100;

/** How many are forgotten when there is no room. */
const MADE_WAY = 100;

/** How old what a launcher has begun must be to be what it left when it was killed, in milliseconds. */
const ABANDONED = 600_000;

/** A run, and whether it is the last of its task. */
export interface Remembered {
  run: string;
  task: string;
  isLast: boolean;
}

/** The runs of a list, the oldest first. */
export function byAge({ runs }: Pick<RunList, "runs">): Remembered[] {
  const all = [...runs].flatMap(([task, ids]) =>
    ids.map((run, i) => ({ run, task, isLast: i === ids.length - 1 }))
  );
  return all.sort((a, b) => a.run < b.run ? -1 : a.run > b.run ? 1 : 0);
}

/** Those of the runs that are to be forgotten: of all but the newest those that are not the last of a task. */
export function forgettable(runs: readonly Remembered[], keep = KEPT_RUNS): Remembered[] {
  return runs.slice(0, Math.max(0, runs.length - keep)).filter(({ isLast }) => !isLast);
}

/** Forgets the oldest runs of a namespace, if there are many more than are kept. */
export function forgetOldRuns(namespace: string): void {
  // A directory has a link for each below it, which is less than to read their names.
  const links = Deno.statSync(runsDirectory(namespace)).nlink ?? 0;
  if (links <= KEPT_RUNS + SLACK) return;
  const old = forgettable(byAge(listRuns(namespace)));
  if (old.length <= SLACK) return;
  for (const run of old) forget(namespace, run);
  forgetAbandoned(namespace);
}

/**
 * Makes room for a new record by forgetting the oldest runs of a namespace that are over; those
 * first that are not the last of a task.
 *
 * @returns whether there were any.
 */
export function forgetOldest(namespace: string): boolean {
  forgetAbandoned(namespace);
  const list = listRuns(namespace);
  const runs = byAge(list);
  const former = [...list.former].filter((task) => !isRunning(namespace, task));
  for (const task of former) removeTree(formerDirectory(namespace, task));
  let forgotten = former.length;
  for (const run of [...runs.filter((run) => !run.isLast), ...runs.filter((run) => run.isLast)]) {
    if (forgotten >= MADE_WAY) break;
    if (forget(namespace, run)) forgotten++;
  }
  return forgotten > 0;
}

/**
 * Forgets a run that is over: one that is not the last of its task, or of a task that is not
 * registered. What has its directory is this run and no other, and it will not begin again.
 *
 * @returns whether it did.
 */
function forget(namespace: string, { run, task, isLast }: Remembered): boolean {
  if (isLast && registeredInode(namespace, task) !== undefined) return false;
  const directory = runDirectory(namespace, run, task);
  // What is left of it, should this be killed, is no record of a run.
  unlessGone(() => Deno.removeSync(`${directory}/run.json`), undefined);
  removeTree(directory);
  unmark(namespace, run, task);
  return true;
}

/** What launchers that were killed have begun. */
function forgetAbandoned(namespace: string): void {
  const runs = runsDirectory(namespace);
  for (const { name } of Deno.readDirSync(runs)) {
    // Those of the version before, too.
    if (/^\.(new|old|no-exit)-/.test(name) && isOld(`${runs}/${name}`)) {
      removeTree(`${runs}/${name}`);
    }
  }
  // A cgroup that was never entered has no release agent; one that is in use is not removed.
  for (const { name } of Deno.readDirSync(namedRoot(namespace))) {
    const path = `${namedRoot(namespace)}/${name}`;
    if (/^(new|exit|enter|bell)-/.test(name) && isOld(path)) removeCgroup(path);
  }
}

function isOld(path: string): boolean {
  const written = unlessGone(() => Deno.statSync(path).mtime?.getTime() ?? 0, Date.now());
  return Date.now() - written > ABANDONED;
}
