import { removeQuietly } from "../cgroup/cgroup.ts";
import { LIMIT_NAMES, type Limits } from "../cgroup/limits.ts";
import { BadRecord, LONGEST_RECORD, parseRecord, readParsed, unlessBad } from "./record_file.ts";
import { keptFile } from "./kept_file.ts";
import { isLabels, type Labels } from "./labels.ts";
import { type LogIdentity, parseLogIdentity } from "./log_identity.ts";
import { printable } from "../cli/printable.ts";
import { isSignal } from "./signals.ts";
import { isStopManner, type StopManner } from "./stop_manner.ts";
import { isTimeLimit, type TimeLimit } from "./time_limit.ts";

/** The record of a launched run: the file `run.json` in the directory of the run. */
export interface RunRecord {
  /** The version of this record. */
  version: 2;
  /** The id of the run. */
  run: string;
  /** The name of the task. */
  task: string;
  /** The inode of the registered cgroup. */
  inode: number;
  /** The process id of the command; null in records of older versions. */
  pid: number | null;
  /** The process id of the shim. */
  shim: number;
  /** The command and its arguments. */
  command: string[];
  /** The working directory at the start. */
  directory: string;
  /** The absolute path of the log; null if the command kept its caller's standard output. */
  log: string | null;
  /** The absolute path of the file for the standard error; null if that goes where the output goes. */
  stderr: string | null;
  /** The most bytes that are kept of each of these, if they are bounded. */
  logMax?: number;
  /** The start time of the run, in milliseconds since 1970. */
  started: number;
  /** The start time of its first process, in milliseconds since boot, if it could be read. */
  sinceBoot?: number;
  /** The limits of the task that are in force, or were at its end. */
  limits: Limits;
  /** The labels that its caller has given to it. */
  labels: Labels;
  /** How it is to be stopped, if its starter has said so. */
  stop?: StopManner;
  /** Whether it is to be the only run of its task. */
  once?: boolean;
  /** Its time limit, if it has one. */
  timeout?: TimeLimit;
}

/**
 * Reads a record; undefined if there is none.
 *
 * @throws {BadRecord} if the file is no record of this version.
 */
export const recordAt: (path: string) => RunRecord | undefined = keptFile(LONGEST_RECORD, parseRun);

/** Returns the text of a record. A command that would make the record too long to be read is shortened. */
export function formatRun(record: RunRecord): string {
  const text = JSON.stringify(record) + "\n";
  if (text.length * 3 <= LONGEST_RECORD) return text;
  const command = record.command.map((word) => word.slice(0, 1000)).slice(0, 100);
  return JSON.stringify({ ...record, command: [...command, "…"] }) + "\n";
}

/**
 * Parses the text of a record. The owner of the namespace can write anything there: only the types
 * of the fields are sure.
 *
 * @throws {BadRecord} if the text is no record of this version.
 */
export function parseRun(text: string): RunRecord {
  const value = parseRecord(text);
  if (value.version !== 2) {
    throw new BadRecord("it is not of version 2: ask the lanco that has launched it");
  }
  return checkRun(value);
}

/**
 * Returns the fields of an object as a record.
 *
 * @throws {BadRecord} if a field is missing, or not of its type.
 */
export function checkRun(value: Record<string, unknown>): RunRecord {
  const { run, task, inode, pid, shim, command, directory, log, started, sinceBoot, limits } =
    value;
  // Older versions have not written these.
  const { labels = {}, stderr = null, stop, once, timeout, logMax } = value;
  const good = isText(run) && isText(task) && isNatural(inode) &&
    (pid === null || isNatural(pid)) && isNatural(shim) && isNatural(started) &&
    isText(directory) && (log === null || isText(log)) && (stderr === null || isText(stderr)) &&
    (sinceBoot === undefined || isNatural(sinceBoot)) &&
    (logMax === undefined || isNatural(logMax)) &&
    Array.isArray(command) && command.every(isText) && isLimits(limits) && isLabels(labels) &&
    (stop === undefined || isStopManner(stop)) &&
    (once === undefined || typeof once === "boolean") &&
    (timeout === undefined || isTimeLimit(timeout));
  if (!good) throw new BadRecord("a field of it is missing, or not of its type");
  return {
    version: 2,
    run,
    task,
    inode,
    pid,
    shim,
    command,
    directory,
    log,
    stderr,
    ...(logMax === undefined ? {} : { logMax }),
    started,
    ...(sinceBoot === undefined ? {} : { sinceBoot }),
    limits,
    labels,
    ...(stop === undefined ? {} : { stop }),
    ...(once === true ? { once } : {}),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Returns whether a value is a whole number, 0 or more. */
function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isLimits(value: unknown): value is Limits {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.entries(value).every(([name, limit]) =>
      (LIMIT_NAMES as readonly string[]).includes(name) && Number.isFinite(limit) && limit >= 0
    );
}

/** The status of the first process of a run: the file `status` in the directory of the run. */
export interface RunStatus {
  /** Whether the process has executed the command, or was about to. */
  executed: boolean;
  /** The file that it had open as its log when it executed the command. */
  log?: LogIdentity;
  /** The file that it had open for its standard error, if that was not the log. */
  stderr?: LogIdentity;
  /** Its exit status as a shell gives it, 128 + n for signal n; undefined if it has not ended. */
  code?: number;
  /** The time of its end, in milliseconds since boot, if the shim could read it (proc_uptime(5)). */
  uptime?: number;
}

/** The greatest length of a status, in bytes. */
export const STATUS_LENGTH = 300;

/**
 * Parses a status. Its first line is the id of the run, by which the shim recognises the file. The
 * child writes the second line, `executed LOG STDERR`, right before it executes the command, and `failed`
 * if that was not possible. The shim writes the last line, `ended STATUS UPTIME`, by one write(2), so
 * that readers see the whole line or nothing. See `shim.sh` and `child.sh`.
 */
export function parseStatus(text: string): RunStatus {
  // A line without a line feed has not been written completely yet.
  const [, executed, ended = ""] = text.split("\n").slice(0, -1);
  const [word, ...files] = executed?.split(" ") ?? [];
  if (word !== "executed" || ended === "failed") return { executed: false };
  const [log, stderr] = files.map(parseLogIdentity);
  const begun = {
    executed: true,
    ...(log === undefined ? {} : { log }),
    ...(stderr === undefined ? {} : { stderr }),
  };
  const [, code, uptime] = /^ended (\d{1,3}) (\d{1,12}\.\d\d)?$/.exec(ended) ?? [];
  // `wait` exits with the code, of which the kernel would keep the lowest byte only.
  if (code === undefined || Number(code) > 255) return begun;
  return {
    ...begun,
    code: Number(code),
    ...(uptime === undefined ? {} : { uptime: Math.round(Number(uptime) * 1000) }),
  };
}

/** Returns the status of the first process of a run; undefined if it cannot be read. */
export function readStatus(directory: string): RunStatus | undefined {
  return unlessBad(() => statusAt(`${directory}/status`));
}

const statusAt = keptFile(STATUS_LENGTH, parseStatus);

/** The record of the user who has stopped a run: the file `stopped` in the directory of the run. */
export interface StopRecord {
  /** The name of the user, or their number. */
  by: string;
  /** The first signal that was sent; SIGKILL if the task was killed at once. */
  signal: string;
  /** The time of the stop, in milliseconds since 1970. */
  at: number;
}

/** The greatest length of such a record, in bytes. */
const STOP_LENGTH = 1000;

/** Returns the record of the user who has stopped a run; undefined if there is none. */
export function readStop(directory: string): StopRecord | undefined {
  return readParsed(`${directory}/stopped`, STOP_LENGTH, parseStop);
}

/** Parses the record of a stop. Returns undefined if lanĉo would not have written it. */
export function parseStop(text: string): StopRecord | undefined {
  return unlessBad(() => {
    const { by, signal, at } = parseRecord(text);
    if (!isText(by) || !isText(signal) || !isSignal(signal) || !isNatural(at)) {
      return undefined;
    }
    return { by: printable(by), signal, at };
  });
}

/** Returns a word in quotes, such that a POSIX shell takes it literally. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Writes the record of the user who stops a run, unless there is one. The file gets its name by
 * link(2) when it is complete, so that readers never see a part of it. A failure is ignored.
 */
export function writeStop(directory: string, stop: StopRecord): void {
  const file = `${directory}/.stopped-${crypto.randomUUID()}`;
  try {
    Deno.writeTextFileSync(file, JSON.stringify(stop) + "\n", { createNew: true, mode: 0o640 });
    Deno.linkSync(file, `${directory}/stopped`);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return;
  }
  removeQuietly(file);
}
