import { existsSync } from "@std/fs/exists";
import { Failed, NotInitialised, UnknownTask } from "../cli/errors.ts";
import { effectiveUser } from "../namespace/caller.ts";
import type { Namespace } from "../namespace/description.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { logFile } from "../namespace/paths.ts";
import { chooseRun, type ChosenRun } from "../task/choose_run.ts";
import { currentRun, type RecordedRun } from "../task/records.ts";
import { type OutputName, readDrops } from "../task/drops.ts";
import { registeredInode } from "../task/task.ts";
import { BoundedLog } from "./bounded_log.ts";
import type { LogFile, WholeFile } from "./log_file.ts";
import { openLog } from "./logs.ts";
import { fate, logsOnRecord, openRunLog } from "./run_log.ts";

/** A log to be shown. */
export interface Log {
  /** The path at which it was opened. */
  path: string;
  /** The id of the run whose log it is; undefined if it is what has this path by now. */
  run?: string;
  /** Whether it may still grow. */
  isOpenEnded: boolean;
  /** Whether the file is known to have the output of other runs, too. */
  isShared: boolean;
  /**
   * Opens it.
   *
   * @param notice Reports that something is not shown because it was dropped.
   * @returns also its present path; undefined if it does not exist.
   */
  open(notice: Notice): Promise<{ path: string; file: LogFile } | undefined>;
  /** Opens the file that has taken its place since, if that is to be followed, too. */
  openNext(notice: Notice): Promise<LogFile | undefined>;
}

/** Reports something that is not shown. */
type Notice = (message: string) => void;

/**
 * Returns the log of the run of a task that is under way, or of the last one. A log can be read when
 * its namespace has been released.
 *
 * @throws {UnknownTask} if nothing is known of the task.
 * @throws {Failed} if the task has no log.
 */
export function lastLog(name: string, task: string, which: OutputName): Log {
  const { path, writer } = lastPath(name, task, which);
  return logAt(path, writer, () => {
    if (unlessReleased(name) === undefined) return undefined;
    return currentRun(name, task, registeredInode(name, task));
  }, which);
}

/** Returns the log of the run so many before the last one. A run that is not on record is taken for one that has left a log with that number. */
export function previousLog(
  name: string,
  task: string,
  before: number,
  which: OutputName,
): Log {
  const namespace = unlessReleased(name);
  const chosen = namespace && chooseRun(namespace, task, -before);
  const found = chosen?.found;
  const isKnown = found !== undefined &&
    (found.status[which] !== undefined || found.record[which] === null);
  if (namespace && chosen && isKnown) return runLog(namespace, task, chosen, which);
  const { path, writer } = lastPath(name, task, which);
  return logAt(`${path}.${before}`, writer);
}

function unlessReleased(name: string): Namespace | undefined {
  try {
    return readNamespace(name);
  } catch (error) {
    if (error instanceof NotInitialised) return undefined;
    throw error;
  }
}

/**
 * Returns the log of a run.
 *
 * @throws {Failed} if the run has no log, or it is not known which file that is.
 */
export function runLog(
  namespace: Namespace,
  task: string,
  chosen: ChosenRun,
  which: OutputName,
): Log {
  const { run, inode, found, lost } = chosen;
  const isUnderWay = inode !== undefined;
  const subject = `run ${run} of task ${task}`;
  if (found?.record[which] === null) throw new Failed(`${subject} ${ABSENT[which]}`);
  const path = found?.record[which] ?? fallbackPath(namespace.namespace, task, which);
  const identity = found?.status[which];
  const writer = writerOf(namespace);
  if (identity === undefined || run === null) {
    if (isUnderWay) return logAt(path, writer, () => found, which);
    const why = lost ? "the host went down while it ran" : "that was not recorded";
    throw new Failed(`it is not known which log is that of ${subject}: ${why}: see --previous`);
  }
  const what = fate(identity, logsOnRecord(namespace.namespace, task, run));
  return {
    path,
    run,
    isOpenEnded: isUnderWay,
    isShared: what === "shared",
    open: async (notice) =>
      what === "removed" ? undefined : await openRunLog(
        path,
        identity,
        async (name) => asBounded(await openLog(name, writer), found, which, notice),
      ),
    openNext: () => Promise.resolve(undefined),
  };
}

/** Why a task has no such file. */
const ABSENT: Readonly<Record<OutputName, string>> = {
  log: "has no log, its output went to its caller: see run -L",
  stderr: "has no file for its standard error, which went where its output went: see run --stderr",
};

/** The path of the file of a run of which nothing is on record. */
function fallbackPath(namespace: string, task: string, which: OutputName): string {
  if (which === "log") return logFile(namespace, task);
  throw new Failed(`it is not known where the standard error of task ${task} went`);
}

/**
 * Returns the log that has a path by now.
 *
 * @param find Returns the run that may have opened it.
 */
function logAt(
  path: string,
  writer: number | undefined,
  find: () => RecordedRun | undefined = () => undefined,
  which: OutputName = "log",
): Log {
  const open = async (notice: Notice) =>
    asBounded(await openLog(path, writer), find(), which, notice);
  return {
    path,
    isOpenEnded: true,
    isShared: false,
    open: async (notice) => {
      const file = await open(notice);
      return file && { path, file };
    },
    openNext: open,
  };
}

/** Returns a file as it is to be read: its head may be dropped meanwhile. */
function asBounded(
  file: WholeFile | undefined,
  found: RecordedRun | undefined,
  which: OutputName,
  notice: Notice,
): LogFile | undefined {
  if (file === undefined || found === undefined || file.inode !== found.status[which]?.ino) {
    return file;
  }
  const drops = () => readDrops(found.directory, which);
  return drops() === undefined ? file : new BoundedLog(file, drops, notice);
}

/** Returns the path of the log of a task's last run, and the user id that the file must have, if it must have one. */
function lastPath(
  name: string,
  task: string,
  which: OutputName,
): { path: string; writer: number | undefined } {
  const fallback = logFile(name, task);
  const namespace = unlessReleased(name);
  if (namespace === undefined) {
    if (which === "log" && existsSync(fallback)) return { path: fallback, writer: undefined };
    throw new NotInitialised(name);
  }
  const record = currentRun(name, task, registeredInode(name, task))?.record;
  if (record?.[which] === null) throw new Failed(`task ${task} ${ABSENT[which]}`);
  if (record === undefined && !existsSync(fallback)) {
    throw new UnknownTask(name, task);
  }
  const path = record?.[which] ?? fallbackPath(name, task, which);
  return { path, writer: writerOf(namespace) };
}

/** The record is the owner's: for the owner it opens no file that they cannot open without it. */
function writerOf({ uid }: Namespace): number | undefined {
  return effectiveUser() === uid ? undefined : uid;
}
