import { unlessGone } from "../cgroup/cgroup.ts";
import { LIMIT_NAMES, type Limits } from "../cgroup/limits.ts";
import {
  BadRecord,
  LONGEST_RECORD,
  openRegular,
  openToAppend,
  parseRecord,
  readRecord,
  removeQuietly,
} from "./record_file.ts";
import { isLabels, type Labels } from "./labels.ts";
import { type LogIdentity, parseLogIdentity } from "./log_identity.ts";
import { printable } from "../cli/printable.ts";
import { isSignal } from "./signals.ts";
import { isStopManner, type StopManner } from "./stop_manner.ts";

/** The record of a launched run: the file `run.json` in the directory of the run. */
export interface RunRecord {
  /** The version of this record. */
  version: 2;
  /** The id of the run. */
  run: string;
  /** The name of the task. */
  task: string;
  /** The inode of the registered cgroup. */
  cgroup: number;
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
  /** The start time of the run, in milliseconds since 1970. */
  started: number;
  /** The start time of its first process, in milliseconds since boot, if it could be read. */
  sinceBoot?: number;
  /** The limits of the task at the start. */
  limits: Limits;
  /** The labels that its caller has given to it. */
  labels: Labels;
  /** How it is to be stopped, if its starter has said so. */
  stop?: StopManner;
}

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
  const { run, task, cgroup, pid, shim, command, directory, log, started, sinceBoot, limits } =
    value;
  const { labels = {}, stop } = value;
  const good = isText(run) && isText(task) && isNatural(cgroup) &&
    (pid === null || isNatural(pid)) && isNatural(shim) && isNatural(started) &&
    isText(directory) && (log === null || isText(log)) &&
    (sinceBoot === undefined || isNatural(sinceBoot)) &&
    Array.isArray(command) && command.every(isText) && isLimits(limits) && isLabels(labels) &&
    (stop === undefined || isStopManner(stop));
  if (!good) throw new BadRecord("a field of it is missing, or not of its type");
  return {
    version: 2,
    run,
    task,
    cgroup,
    pid,
    shim,
    command,
    directory,
    log,
    started,
    ...(sinceBoot === undefined ? {} : { sinceBoot }),
    limits,
    labels,
    ...(stop === undefined ? {} : { stop }),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Returns whether a value is a whole number, 0 or more. */
export function isNatural(value: unknown): value is number {
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
  /** Its exit status as a shell gives it, 128 + n for signal n; undefined if it has not ended. */
  code?: number;
  /** The time of its end, in milliseconds since boot, if the shim could read it (proc_uptime(5)). */
  uptime?: number;
}

/** The greatest length of a status, in bytes. */
export const STATUS_LENGTH = 200;

/**
 * Parses a status. Its first line is the id of the run, by which the shim recognises the file. The
 * child writes the second line, `executed LOG`, right before it executes the command, and `failed`
 * if that was not possible. The shim writes the last line, `ended STATUS UPTIME`, by one write(2), so
 * that readers see the whole line or nothing. See `shim.sh` and `child.sh`.
 */
export function parseStatus(text: string): RunStatus {
  // A line without a line feed has not been written completely yet.
  const [, executed, ended = ""] = text.split("\n").slice(0, -1);
  const [word, file] = executed?.split(" ") ?? [];
  if (word !== "executed" || ended === "failed") return { executed: false };
  const log = parseLogIdentity(file);
  const begun = { executed: true, ...(log === undefined ? {} : { log }) };
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
  return readParsed(`${directory}/status`, STATUS_LENGTH, parseStatus);
}

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

/** Reads and parses a file; returns undefined if it cannot be read. */
function readParsed<T>(path: string, longest: number, parse: (text: string) => T): T | undefined {
  return unlessBad(() => {
    const text = readRecord(path, longest);
    return text === undefined ? undefined : parse(text);
  });
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

function unlessBad<T>(look: () => T | undefined): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof BadRecord || error instanceof Deno.errors.PermissionDenied) {
      return undefined;
    }
    throw error;
  }
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

/** A pause or a resumption of a run: a line of the file `pauses` in the directory of the run. */
export interface Pause {
  /** Whether the task was paused or resumed. */
  what: "pause" | "resume";
  /** The time, in milliseconds since 1970. */
  at: number;
}

/** The number of digits of a time in that file: one with fewer was not written completely. */
const DIGITS = 15;

/** How much of that file is read at once, in bytes. */
const PAUSES_LENGTH = 2 ** 16;

/** How much of that file lanĉo writes at most between two looks at it, in bytes. */
const PAUSES_RECENT = 2 ** 20;

/**
 * Appends a line to the pauses of a run. A line feed comes first, too, for the line before may have
 * been cut off by its writer's limit on the size of files. A failure is ignored.
 */
export function writePause(directory: string, { what, at }: Pause): void {
  try {
    using file = openToAppend(`${directory}/pauses`);
    file.writeSync(new TextEncoder().encode(`\n${what} ${String(at).padStart(DIGITS, "0")}\n`));
  } catch {
    // The disk is full, or the directory is gone.
  }
}

/**
 * Reads some of the pauses of a run, the oldest first. If the file has grown by more than lanĉo
 * writes, for its owner can write anything there, only its end is read.
 *
 * @param from The offset in the file at which to begin, in bytes.
 * @returns the pauses, and the offset of the next ones, which is `from` if there are no more.
 */
export function readPauses(directory: string, from: number): { pauses: Pause[]; next: number } {
  let first = from;
  const read = () => {
    using file = openRegular(`${directory}/pauses`);
    first = Math.max(from, file.statSync().size - PAUSES_RECENT);
    file.seekSync(first, Deno.SeekMode.Start);
    const bytes = new Uint8Array(PAUSES_LENGTH);
    return bytes.subarray(0, file.readSync(bytes) ?? 0);
  };
  const bytes = unlessBad(() => unlessGone(read, undefined)) ?? new Uint8Array();
  // The rest after the last line feed is a line not complete yet, unless no line is so long.
  const end = bytes.lastIndexOf("\n".charCodeAt(0)) + 1 ||
    (bytes.length < PAUSES_LENGTH ? 0 : bytes.length);
  return {
    pauses: parsePauses(new TextDecoder().decode(bytes.subarray(0, end))),
    next: first + end,
  };
}

/** Parses the lines of the pauses of a run. Lines that lanĉo would not have written are skipped. */
export function parsePauses(text: string): Pause[] {
  return text.split("\n").flatMap((line): Pause[] => {
    const [, what, at] = /^(pause|resume) (\d{15})$/.exec(line) ?? [];
    return what === "pause" || what === "resume" ? [{ what, at: Number(at) }] : [];
  });
}
