import { Failed } from "../cli/errors.ts";
import type { Namespace } from "../namespace/description.ts";
import { allLostRuns, type LostRun, lostRuns } from "./host_crash.ts";
import { currentRun, formerRun, leftRuns, listRuns, readRun, type RecordedRun } from "./records.ts";
import { runningInode } from "./task.ts";

/** Called with a message about a record that could not be read, and is left out. */
export type Warn = (message: string) => void;

/** Says which run of a task is meant: its id, or 0 for the run that is under way or the last one, -1 for the run before that, and so on. */
export type RunChoice = string | number;

/** A run of a task. */
export interface ChosenRun {
  /** Its id; null if it is under way and there is no record of it. */
  run: string | null;
  /** The inode of its registered cgroup, if it is under way. */
  inode?: number;
  /** Its record; undefined if there is none, or the run was under way when the host went down. */
  found: RecordedRun | undefined;
  /** Whether it was under way when the host went down. */
  lost: boolean;
}

/**
 * Finds a run of a task. Runs that never executed their command are left out.
 *
 * @param lost Returns the runs that were under way when the host went down, the oldest first.
 * @returns undefined if nothing is known of such a run.
 * @throws {NotInitialised} if there is no such namespace.
 * @throws {RecordsClosed} if the caller may not read the records.
 * @throws {Failed} if it cannot be found out.
 */
export function chooseRun(
  namespace: Namespace,
  task: string,
  choice: RunChoice,
  lost: Sources["lost"] = () => allLostRuns(namespace),
): ChosenRun | undefined {
  for (;;) {
    const inode = runningInode(namespace.namespace, task);
    const chosen = choose(newestFirst(namespace, task, inode, { choice, lost }), choice);
    // Another run may have begun, or this one ended, while the records were read.
    if (runningInode(namespace.namespace, task) === inode) return chosen;
  }
}

/** How to look for the last run of a task. */
export interface LastRunOptions {
  /** The inode of its registered cgroup, if a run is under way. */
  inode?: number | undefined;
  /** Called with a message if the record cannot be read; without it, that is an error. */
  warn?: Warn;
  /** The last runs that were under way when the host went down, by task, if the caller knows them. */
  lost?: ReadonlyMap<string, string>;
}

/**
 * Finds the run of a task that is under way, or else the last one that has executed its command;
 * undefined if nothing is known of one.
 *
 * @throws {Failed} if its record cannot be read, unless `warn` is given.
 */
export function lastRun(
  namespace: Namespace,
  task: string,
  { inode, warn, lost }: LastRunOptions = {},
): ChosenRun | undefined {
  const find = () => reader(warn)(() => currentRun(namespace.namespace, task, inode));
  if (inode !== undefined) {
    const found = find();
    return { run: found?.record.run ?? null, inode, found, lost: false };
  }
  const ended = settled(namespace.namespace, task, find);
  if (ended !== undefined) return ended;
  const run = (lost ?? lostRuns(namespace)).get(task);
  return run === undefined ? undefined : { run, found: undefined, lost: true };
}

/**
 * Reads the record of a run that was not under way. A run without an exit status may have begun or
 * ended since: it is then read again, for its status is final only when the run is over.
 */
function settled(
  namespace: string,
  task: string,
  read: () => RecordedRun | undefined,
): ChosenRun | undefined {
  let before: string | undefined;
  for (;;) {
    const found = read();
    if (found === undefined) return undefined;
    const { run, inode } = found.record;
    const over = { run, found, lost: found.left?.isLost === true };
    const isKnown = found.left !== undefined || found.status.code !== undefined;
    if (isKnown || run === before) return over;
    if (runningInode(namespace, task) === inode) return { ...over, inode };
    before = run;
  }
}

function choose(runs: IteratorObject<ChosenRun>, choice: RunChoice): ChosenRun | undefined {
  return typeof choice === "number"
    ? runs.drop(-choice).next().value
    : runs.find(({ run }) => run === choice);
}

/**
 * Returns the runs of a task that are under way or on record, and those that were under way when the
 * host went down, the newest first.
 *
 * @param lost The latter runs of all tasks, the oldest first.
 * @param warn Called with a message for each record that cannot be read; these runs are left out.
 */
export function* runsOf(
  namespace: Namespace,
  task: string,
  lost: readonly LostRun[],
  warn: Warn,
): Generator<ChosenRun> {
  const inode = runningInode(namespace.namespace, task);
  yield* newestFirst(namespace, task, inode, { lost: () => lost, warn });
}

interface Sources {
  /** If it is the id of a run, that is the only one whose record is to be read, beside that of the run under way. */
  choice?: RunChoice;
  /** Returns the runs of all tasks that were under way when the host went down, the oldest first. */
  lost: () => readonly LostRun[];
  /** Called with a message for each record that cannot be read; without it, that is an error. */
  warn?: Warn;
}

function* newestFirst(
  { namespace }: Namespace,
  task: string,
  inode: number | undefined,
  { choice = 0, lost, warn }: Sources,
): Generator<ChosenRun> {
  const read = reader(warn);
  let live: string | undefined;
  if (inode !== undefined) {
    const found = read(() => currentRun(namespace, task, inode));
    live = found?.record.run;
    yield { run: live ?? null, inode, found, lost: false };
  }
  for (const run of listRuns(namespace).runs.get(task)?.toReversed() ?? []) {
    if (run === live || typeof choice === "string" && run !== choice) continue;
    const chosen = settled(namespace, task, () => read(() => readRun(namespace, task, run)));
    if (chosen?.found?.status.executed) yield chosen;
  }
  const former = read(() => formerRun(namespace, task));
  if (former !== undefined && former.record.run !== live) {
    yield { run: former.record.run, found: former, lost: false };
  }
  for (const found of read(() => [...leftRuns(namespace, task)]) ?? []) {
    yield { run: found.record.run, found, lost: found.left?.isLost === true };
  }
  for (const { run } of lost().filter((one) => one.task === task).reverse()) {
    yield { run, found: undefined, lost: true };
  }
}

/** Returns a function that reads a record, and returns undefined for one that cannot be read if that is no reason to fail. */
function reader(warn?: Warn) {
  return <T>(read: () => T | undefined): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (warn === undefined || !(error instanceof Failed)) throw error;
      warn(error.message);
      return undefined;
    }
  };
}
