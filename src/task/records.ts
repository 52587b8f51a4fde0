import { isGone, unlessGone, unlessHidden } from "../cgroup/cgroup.ts";
import { Failed, LancoError, reason, RecordsClosed } from "../cli/errors.ts";
import { isName, TASK_MAX } from "../cli/names.ts";
import { formerDirectory, readFormerRun, readFormerStatus } from "./records_of_1_1.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { runDirectory, runsDirectory } from "../namespace/paths.ts";
import { readStatus, recordAt, type RunRecord, type RunStatus } from "./record.ts";
import { BadRecord } from "./record_file.ts";
import { onceMark, onceRuns, readOnce } from "./once_record.ts";
import { isOfBoot } from "./run_id.ts";
import { keptList, parseRunName, type Runs, runsByTask } from "./run_names.ts";

/** The runs of a namespace that have a record. */
export interface RunList {
  /** The ids of the runs. */
  readonly runs: Runs;
  /** The tasks that have a record of version 1.1.0. */
  readonly former: ReadonlySet<string>;
}

/**
 * Lists the runs of a namespace by the names of their directories. The list is kept, and read again
 * only if the directory of the runs has changed.
 *
 * @throws {RecordsClosed} if the caller may not read the records.
 */
export function listRuns(namespace: string): RunList {
  return inRuns(namespace, { runs: new Map(), former: new Set() }, listOfRuns);
}

const listOfRuns = keptList((names): RunList => {
  const former = new Set<string>();
  const runs = runsByTask(names, (name) => {
    // Names that begin with a dot belong to launches that are not completed.
    if (isName(name, TASK_MAX)) former.add(name);
  });
  return { runs, former };
});

/** Returns what a function finds in the directory of the runs; `none` if there is no such directory. */
function inRuns<T>(namespace: string, none: T, look: (directory: string) => T): T {
  try {
    return look(runsDirectory(namespace));
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw new RecordsClosed(namespace);
    if (isGone(error)) return none;
    throw error;
  }
}

/**
 * Returns the id of the last run of a task; undefined if it has none. A launch asks for it, and
 * changes the directory each time: only the names are parsed that can be those of the task's runs.
 *
 * @throws {RecordsClosed} if the caller may not read the records.
 */
export function lastRunId(namespace: string, task: string): string | undefined {
  const end = `-${task}`;
  let last: string | undefined;
  for (const name of runNames(namespace)) {
    if (!name.endsWith(end)) continue;
    const found = parseRunName(name);
    if (found?.task === task && !(last !== undefined && found.run < last)) last = found.run;
  }
  return last;
}

/**
 * Returns the names in the directory of the runs.
 *
 * @throws {RecordsClosed} if the caller may not read the records.
 */
export function runNames(namespace: string): string[] {
  return inRuns(
    namespace,
    [],
    (directory) => [...Deno.readDirSync(directory)].map(({ name }) => name),
  );
}

/** A run that has a record. */
export interface RecordedRun {
  /** The directory of the run. */
  directory: string;
  /** The path of its status file. */
  file: string;
  /** Its record. */
  record: RunRecord;
  /** The status of its first process. */
  status: RunStatus;
  /** Set if only its mark on disk is left of it: whether it was under way when the host went down. */
  left?: { isLost: boolean };
}

/**
 * Returns the run of a task that is under way, or else the last one; undefined if it has no record.
 *
 * @param cgroup The inode of the task's registered cgroup, if the task runs.
 * @throws {RecordsClosed} if the caller may not read the records.
 * @throws {Failed} if the record cannot be read.
 */
export function currentRun(
  namespace: string,
  task: string,
  inode: number | undefined,
): RecordedRun | undefined {
  const { runs, former } = listRuns(namespace);
  const ids = runs.get(task) ?? [];
  for (let i = ids.length - 1; i >= 0; i--) {
    const found = readRun(namespace, task, ids[i] ?? "");
    // A run under way can only be the one with the greatest id.
    if (inode !== undefined) {
      if (found?.record.inode === inode) return found;
      break;
    }
    if (found?.status.executed) return found;
  }
  const old = former.has(task) ? formerRun(namespace, task) : undefined;
  if (old !== undefined && (inode === undefined || old.record.inode === inode)) return old;
  return inode === undefined ? leftRuns(namespace, task).next().value : undefined;
}

/**
 * Returns whether the command of a running task has not ended, as far as the status of its last run
 * tells that without its record: false if only the record tells it.
 *
 * @param runs The runs of the namespace: a run that is missing has just begun.
 */
export function surelyGoesOn(namespace: string, task: string, { runs }: RunList): boolean {
  const last = runs.get(task)?.at(-1);
  const status = last === undefined ? undefined : readStatus(runDirectory(namespace, last, task));
  return status?.executed === true && status.code === undefined;
}

/** Returns the run of a task that has, or had, this registered cgroup; undefined if it has no record. */
export function runWithInode(
  namespace: string,
  task: string,
  inode: number,
): RecordedRun | undefined {
  for (const run of listRuns(namespace).runs.get(task)?.toReversed() ?? []) {
    const found = unlessBad(() => readRun(namespace, task, run));
    if (found?.record.inode === inode) return found;
  }
  return undefined;
}

/**
 * Returns a run of a task; undefined if it has no record yet, or none any more.
 *
 * @throws {RecordsClosed} if the caller may not read the records.
 * @throws {Failed} if the record cannot be read.
 */
export function readRun(namespace: string, task: string, run: string): RecordedRun | undefined {
  const directory = runDirectory(namespace, run, task);
  return unlessUnreadable(namespace, task, () => {
    const record = recordAt(`${directory}/run.json`);
    if (record === undefined) return undefined;
    if (record.run !== run || record.task !== task) throw new BadRecord("it is of another run");
    const status = readStatus(directory) ?? { executed: true };
    return { directory, file: `${directory}/status`, record, status };
  });
}

/**
 * Returns the run of a task that version 1.1.0 has recorded; undefined if there is none.
 *
 * @throws {RecordsClosed} if the caller may not read the records.
 * @throws {Failed} if the record cannot be read.
 */
export function formerRun(namespace: string, task: string): RecordedRun | undefined {
  const directory = formerDirectory(namespace, task);
  return unlessUnreadable(namespace, task, () => {
    const record = readFormerRun(namespace, task);
    const file = `${directory}/ended`;
    return record && { directory, file, record, status: readFormerStatus(directory) };
  });
}

/**
 * Returns the runs of a task of which only the mark on disk is left, the newest first: their
 * records were in memory when the host went down, or the namespace was removed.
 *
 * @throws {Failed} if a mark cannot be read.
 */
export function* leftRuns(namespace: string, task: string): Generator<RecordedRun, undefined> {
  const { runs } = listRuns(namespace);
  for (const run of markedRuns(namespace).get(task)?.toReversed() ?? []) {
    if (runs.get(task)?.includes(run)) continue;
    const found = leftRun(namespace, task, run);
    if (found !== undefined) yield found;
  }
}

/**
 * Returns a run of which the mark on disk is left; undefined if there is none, or the command was
 * never executed.
 *
 * @throws {Failed} if the mark cannot be read.
 */
export function leftRun(namespace: string, task: string, run: string): RecordedRun | undefined {
  return unlessUnreadable(namespace, task, () => {
    const { record, code } = readOnce(namespace, task, run) ?? {};
    if (record === undefined) return undefined;
    if (record.task !== task) throw new BadRecord("it is of another run");
    const file = onceMark(namespace, task, run);
    const { boot } = readNamespace(namespace);
    const isLost = code === undefined && boot !== undefined && !isOfBoot(run, boot);
    const status = { executed: true, ...(code === undefined ? {} : { code }) };
    // There is no directory: whatever is looked for in it is not found.
    return { directory: file, file, record, status, left: { isLost } };
  });
}

/** Returns the runs that have marks on disk which stay; none if the caller may not read these. */
export function markedRuns(namespace: string): Runs {
  return unlessHidden(() => onceRuns(namespace), new Map());
}

function unlessUnreadable<T>(namespace: string, task: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw new RecordsClosed(namespace);
    if (error instanceof LancoError) throw error;
    throw new Failed(`cannot read the record of task ${task}: ${reason(error)}`);
  }
}

/** Returns the time when the first process of a run ended, in milliseconds since 1970; null if it has not ended. */
export function endOf({ file, status }: RecordedRun): number | null {
  if (status.code === undefined) return null;
  return unlessGone(() => Deno.statSync(file).mtime?.getTime() ?? null, null);
}

/** Returns the result of `read`; undefined if it throws an error of lanĉo, such as for a bad record. */
export function unlessBad<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof LancoError) return undefined;
    throw error;
  }
}
