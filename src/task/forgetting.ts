// Forgetting runs: the removal of the records and marks of what has ended.
import { isThere, removeQuietly, unlessGone } from "../cgroup/cgroup.ts";
import { Failed, reason } from "../cli/errors.ts";
import type { Namespace } from "../namespace/description.ts";
import { runDirectory, usageDirectory } from "../namespace/paths.ts";
import { allLostRuns, marksByTask, unmark } from "./host_crash.ts";
import { hasLabels, type Labels, type WantedLabel } from "./labels.ts";
import { latestEnd } from "./latest_end.ts";
import { OUTPUTS } from "./drops.ts";
import type { LogIdentity } from "./log_identity.ts";
import { onceMark } from "./once_record.ts";
import { formerDirectory } from "./records_of_1_1.ts";
import { removeTree } from "./record_file.ts";
import {
  formerRun,
  leftRun,
  listRuns,
  markedRuns,
  readRun,
  type RecordedRun,
  type RunList,
  unlessBad,
} from "./records.ts";
import { forget } from "./retention.ts";
import type { Runs } from "./run_names.ts";
import { registeredInode } from "./task.ts";

/** Which runs of a task are forgotten. */
export interface ForgetOptions {
  /** Those that ended before this time, in milliseconds since 1970, or all: Infinity. If an end is not known, the latest time at which it can have been counts. */
  before: number;
  /** Those that have these labels. */
  labels: readonly WantedLabel[];
}

/** A run that has been forgotten. */
export interface ForgottenRun {
  /** Its id. */
  run: string;
  /** The paths of its log and of the file of its standard error, and the files that they were, as far as they were on record. */
  logs: { path: string; identity: LogIdentity }[];
}

/** What has been forgotten of a task. */
export interface Forgotten {
  /** The runs that have been forgotten, the oldest first. */
  runs: ForgottenRun[];
  /** How many runs are left, the run under way included. */
  left: number;
}

/** A run that is known in some way. */
interface KnownRun {
  run: string;
  /** Its record, if there is one that can be read. */
  found?: RecordedRun | undefined;
  /** Removes all that is known of it. Returns whether it was over. */
  remove(): boolean;
}

/** What is known of the runs of a namespace by names of files, which are read once for many tasks. */
export interface KnownNames {
  /** The runs that have a record. */
  list: RunList;
  /** The runs that have a mark, by task. */
  marks: Runs;
  /** The runs that have a mark that stays, by task. */
  once: Runs;
}

/**
 * Reads the names of the records and marks of a namespace.
 *
 * @throws {RecordsClosed} if the caller may not read the records.
 */
export function readNames(namespace: Namespace): KnownNames {
  const { namespace: name } = namespace;
  // This removes the marks of earlier boots that tell of nothing.
  allLostRuns(namespace);
  return { list: listRuns(name), marks: marksByTask(name), once: markedRuns(name) };
}

/** Returns the tasks of which anything is known, sorted. */
export function tasksOf({ list, marks, once }: KnownNames): string[] {
  return [...new Set([...list.runs.keys(), ...list.former, ...marks.keys(), ...once.keys()])]
    .sort();
}

/**
 * Removes the records and marks of runs of a task that have ended. A run that is under way, or being
 * launched, is not removed, nor are its marks.
 */
export function forgetRuns(
  namespace: Namespace,
  task: string,
  known: KnownNames,
  { before, labels }: ForgetOptions,
): Forgotten {
  const forgotten: Forgotten = { runs: [], left: 0 };
  for (const one of knownRuns(namespace.namespace, task, known)) {
    const { run, found } = one;
    const isMeant = hasLabels(labelsOf(found), labels) &&
      (before === Infinity || latestEnd(namespace, task, run, found) < before);
    if (!isMeant || !one.remove()) {
      forgotten.left++;
      continue;
    }
    const logs = OUTPUTS.flatMap((output) => {
      const [path, identity] = [found?.record[output], found?.status[output]];
      return path && identity ? [{ path, identity }] : [];
    });
    forgotten.runs.push({ run, logs });
  }
  return forgotten;
}

function labelsOf(found: RecordedRun | undefined): Labels {
  return found?.record.labels ?? {};
}

/** Returns all runs of a task that are known, the oldest first. */
function knownRuns(namespace: string, task: string, names: KnownNames): KnownRun[] {
  const { list, marks, once } = names;
  const ids = list.runs.get(task) ?? [];
  const marked = new Set([...marks.get(task) ?? [], ...once.get(task) ?? []]);
  const byMark = [...marked].filter((run) => !ids.includes(run)).map((run): KnownRun => ({
    run,
    found: unlessBad(() => leftRun(namespace, task, run)),
    remove: () => removeMarks(namespace, task, run),
  }));
  const recorded = ids.map((run, i): KnownRun => {
    const found = unlessBad(() => readRun(namespace, task, run));
    const isLast = i === ids.length - 1;
    return { run, found, remove: () => removeRun(namespace, task, { run, isLast, found }) };
  });
  const former = list.former.has(task) ? [formerOf(namespace, task)] : [];
  return [...former, ...byMark, ...recorded].sort((a, b) => a.run < b.run ? -1 : 1);
}

function formerOf(namespace: string, task: string): KnownRun {
  const found = unlessBad(() => formerRun(namespace, task));
  return {
    run: found?.record.run ?? "",
    found,
    remove() {
      if (registeredInode(namespace, task) === found?.record.inode) return false;
      removeTree(formerDirectory(namespace, task));
      return true;
    },
  };
}

/** Removes a run that has a record, if it is over: see `forget`. */
function removeRun(
  namespace: string,
  task: string,
  { run, isLast, found }: { run: string; isLast: boolean; found: RecordedRun | undefined },
): boolean {
  const inode = registeredInode(namespace, task);
  // A registered task may be about to make the record of its run: that would be another one.
  const isOther = found !== undefined && inode !== undefined && found.record.inode !== inode;
  if (!forget(namespace, { run, task, isLast: isLast && !isOther })) return false;
  if (found !== undefined) {
    removeQuietly(`${usageDirectory(namespace)}/${found.record.inode}-${task}`);
  }
  return removeMarks(namespace, task, run);
}

/** Removes the marks of a run without a record; a launch makes its mark after the record. */
function removeMarks(namespace: string, task: string, run: string): boolean {
  if (isThere(runDirectory(namespace, run, task))) return false;
  unmark(namespace, run, task);
  const mark = onceMark(namespace, task, run);
  try {
    unlessGone(() => Deno.removeSync(mark), undefined);
  } catch (error) {
    throw new Failed(`cannot remove the mark ${mark}: ${reason(error)}`);
  }
  return true;
}
