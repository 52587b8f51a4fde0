import { isGone, unlessGone } from "../cgroup/cgroup.ts";
import { Failed, LancoError, reason, RecordsClosed } from "../cli/errors.ts";
import { isName, TASK_MAX } from "../cli/names.ts";
import { formerDirectory, readFormerRun, readFormerStatus } from "./records_of_1_1.ts";
import { runDirectory, runsDirectory } from "../namespace/paths.ts";
import { parseRun, readStatus, type RunRecord, type RunStatus } from "./record.ts";
import { BadRecord, readRecord } from "./record_file.ts";
import { isRunId, RUN_ID } from "./run_id.ts";

/** The runs of a namespace that are on record. */
export interface RunList {
  /** The ids of the runs by the names of their tasks, the oldest first. */
  readonly runs: ReadonlyMap<string, readonly string[]>;
  /** The tasks of which the version before has left a record. */
  readonly former: ReadonlySet<string>;
  /** How many runs there are. */
  readonly count: number;
}

/** How coarse the times of files are, in milliseconds: not all kernels look at the clock more often. */
const TICK = 20;

/** The lists that were read last, by namespace, as long as they are known to be right. */
const lists = new Map<string, { changed: number; device: number; list: RunList }>();

/**
 * Lists the runs of a namespace. No record is read for that, and the directory only if it has
 * changed since the last time.
 *
 * @throws {RecordsClosed} if they are not for the caller.
 */
export function listRuns(namespace: string): RunList {
  const directory = runsDirectory(namespace);
  try {
    const { mtime, dev } = Deno.statSync(directory);
    const changed = mtime?.getTime() ?? 0;
    const known = lists.get(namespace);
    if (known?.changed === changed && known.device === dev) return known.list;
    const isSettled = Date.now() - changed > TICK;
    const list = readList(directory);
    if (isSettled) lists.set(namespace, { changed, device: dev, list });
    else lists.delete(namespace);
    return list;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw new RecordsClosed(namespace);
    if (isGone(error)) return { runs: new Map(), former: new Set(), count: 0 };
    throw error;
  }
}

function readList(directory: string): RunList {
  const runs = new Map<string, string[]>();
  const former = new Set<string>();
  let count = 0;
  for (const { name } of Deno.readDirSync(directory)) {
    const found = parseRunName(name);
    if (found === undefined) {
      // What starts with a dot is being made or removed.
      if (isName(name, TASK_MAX)) former.add(name);
      continue;
    }
    count++;
    const known = runs.get(found.task);
    if (known === undefined) runs.set(found.task, [found.run]);
    else known.push(found.run);
  }
  for (const ids of runs.values()) if (ids.length > 1) ids.sort();
  return { runs, former, count };
}

/** The run and the task of a name such as that of a run's directory; nothing if it is none. */
export function parseRunName(name: string): { run: string; task: string } | undefined {
  const [run, task] = [name.slice(0, RUN_ID), name.slice(RUN_ID + 1)];
  if (name[RUN_ID] !== "-" || !isRunId(run) || !isName(task, TASK_MAX)) return undefined;
  return { run, task };
}

/** A run of which there is a record. */
export interface RecordedRun {
  /** Its directory. */
  directory: string;
  /** The file that has its status. */
  file: string;
  /** What was launched. */
  record: RunRecord;
  /** What has become of its first process. */
  status: RunStatus;
}

/**
 * The run of a task that is under way, or else the last one; nothing if there is no record of it.
 *
 * @param cgroup The inode of the task's registered cgroup, if the task runs.
 * @throws {RecordsClosed} if the records are not for the caller.
 * @throws {Failed} if the record cannot be read.
 */
export function currentRun(
  namespace: string,
  task: string,
  cgroup: number | undefined,
): RecordedRun | undefined {
  const { runs, former } = listRuns(namespace);
  const ids = runs.get(task) ?? [];
  for (let i = ids.length - 1; i >= 0; i--) {
    const found = readRun(namespace, task, ids[i] ?? "");
    // What runs is the last one, and has been given the greatest id.
    if (cgroup !== undefined) {
      if (found?.record.cgroup === cgroup) return found;
      break;
    }
    if (found?.status.executed) return found;
  }
  const old = former.has(task) ? readFormer(namespace, task) : undefined;
  return old !== undefined && (cgroup === undefined || old.record.cgroup === cgroup)
    ? old
    : undefined;
}

/** The run of a task that has had this registered cgroup; nothing if there is no record of it. */
export function runOfCgroup(
  namespace: string,
  task: string,
  cgroup: number,
): RecordedRun | undefined {
  for (const run of listRuns(namespace).runs.get(task)?.toReversed() ?? []) {
    const found = unlessBad(() => readRun(namespace, task, run));
    if (found?.record.cgroup === cgroup) return found;
  }
  return undefined;
}

/**
 * A run of a task; nothing if there is no record of it yet, or any more.
 *
 * @throws as `currentRun`.
 */
export function readRun(namespace: string, task: string, run: string): RecordedRun | undefined {
  const directory = runDirectory(namespace, run, task);
  return unlessUnreadable(namespace, task, () => {
    const text = readRecord(`${directory}/run.json`);
    if (text === undefined) return undefined;
    const record = parseRun(text);
    if (record.run !== run || record.task !== task) throw new BadRecord("it is of another run");
    const status = readStatus(directory) ?? { executed: true };
    return { directory, file: `${directory}/status`, record, status };
  });
}

function readFormer(namespace: string, task: string): RecordedRun | undefined {
  const directory = formerDirectory(namespace, task);
  return unlessUnreadable(namespace, task, () => {
    const record = readFormerRun(namespace, task);
    const file = `${directory}/ended`;
    return record && { directory, file, record, status: readFormerStatus(directory) };
  });
}

function unlessUnreadable<T>(namespace: string, task: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw new RecordsClosed(namespace);
    throw new Failed(`cannot read the record of task ${task}: ${reason(error)}`);
  }
}

/** When the first process of a run ended, in milliseconds since 1970; null if it has not. */
export function endOf({ file, status }: RecordedRun): number | null {
  if (status.code === undefined) return null;
  return unlessGone(() => Deno.statSync(file).mtime?.getTime() ?? null, null);
}

/** What is read; nothing if it is not what lanĉo would have written. */
export function unlessBad<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof LancoError) return undefined;
    throw error;
  }
}
