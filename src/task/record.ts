import { Failed, reason, RecordsClosed } from "../cli/errors.ts";
import { LIMIT_NAMES, type Limits } from "../cgroup/limits.ts";
import { BadRecord, LONGEST_RECORD, parseRecord, readRecord } from "./record_file.ts";
import { runDirectory } from "./places.ts";
import { printable } from "../cli/printable.ts";
import { SIGNALS } from "./signals.ts";

/** What was launched under a name: `/run/lanco/<ns>/runs/<name>/run.json`. */
export interface RunRecord {
  /** The version of this record. */
  version: 1;
  /** The name of the task. */
  task: string;
  /** The number of this run: the inode of its registered cgroup. */
  run: number;
  /** The command and its arguments. */
  command: string[];
  /** The directory it was started in. */
  directory: string;
  /** The log, or null in the foreground. */
  log: string | null;
  /** When it was started, in milliseconds since 1970. */
  started: number;
  /** When its first process was started, in milliseconds since boot; not known of an older lanĉo. */
  sinceBoot?: number;
  /** When the counters of the run before it were kept, in milliseconds since 1970: `usage.ts`. */
  counted?: number | null;
  /** What it may use. */
  limits: Limits;
  /** The process id of the shim. */
  shim: number;
}

/** The record as it is written; the command is shortened if it would be too long to be read. */
export function formatRun(record: RunRecord): string {
  const text = JSON.stringify(record) + "\n";
  if (text.length * 3 <= LONGEST_RECORD) return text;
  const command = record.command.map((word) => word.slice(0, 1000)).slice(0, 100);
  return JSON.stringify({ ...record, command: [...command, "…"] }) + "\n";
}

/**
 * Reads a record, which is its owner's: whatever it says, it is of the right types.
 *
 * @throws {BadRecord} if it is not of this version.
 */
export function parseRun(text: string): RunRecord {
  const value = parseRecord(text);
  if (value.version !== 1) {
    throw new BadRecord("it is not of version 1: ask the lanco that has launched it");
  }
  const { task, run, command, directory, log, started, sinceBoot, counted, limits, shim } = value;
  const good = isText(task) && isNatural(run) && isNatural(started) && isNatural(shim) &&
    isText(directory) && (log === null || isText(log)) &&
    (sinceBoot === undefined || isNatural(sinceBoot)) &&
    (counted === undefined || counted === null || isNatural(counted)) &&
    Array.isArray(command) && command.every(isText) && isLimits(limits);
  if (!good) throw new BadRecord("a field of it is missing, or not of its type");
  const record = { version: 1, task, run, command, directory, log, started, limits, shim } as const;
  return {
    ...record,
    ...(sinceBoot === undefined ? {} : { sinceBoot }),
    ...(counted === undefined ? {} : { counted }),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isLimits(value: unknown): value is Limits {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.entries(value).every(([name, limit]) =>
      (LIMIT_NAMES as readonly string[]).includes(name) && Number.isFinite(limit) && limit >= 0
    );
}

/**
 * What was launched last under the name, or nothing if that is not known.
 *
 * @throws {Failed} if the record cannot be read.
 */
export function readRun(namespace: string, task: string): RunRecord | undefined {
  try {
    const text = readRecord(`${runDirectory(namespace, task)}/run.json`);
    return text === undefined ? undefined : parseRun(text);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw new RecordsClosed(namespace);
    throw new Failed(`cannot read the record of task ${task}: ${reason(error)}`);
  }
}

/** The longest line that tells an exit status, in bytes. */
const STATUS_LENGTH = 16;

/**
 * The exit status that the shim wrote down, or nothing if it has not: the task runs, or
 * its shim was killed.
 */
export function readStatus(directory: string): number | undefined {
  return unlessBad(() => parseStatus(readRecord(`${directory}/ended`, STATUS_LENGTH) ?? ""));
}

/** The exit status in the shim's line, or nothing if that is not written yet. */
export function parseStatus(line: string): number | undefined {
  // Who waits ends with it, and of a greater number the kernel keeps a byte: 0 of 256.
  return /^\d{1,3}\n$/.test(line) && Number(line) <= 255 ? Number(line) : undefined;
}

/** The longest line that tells a time since boot, in bytes. */
const UPTIME_LENGTH = 32;

/**
 * When the first process ended, in milliseconds since boot, as the shim wrote it down: `/proc/uptime`
 * (proc_uptime(5)). Nothing if it has not, or could not.
 */
export function readUptime(directory: string): number | undefined {
  const line = unlessBad(() => readRecord(`${directory}/uptime`, UPTIME_LENGTH)) ?? "";
  return /^\d{1,12}\.\d\d\n$/.test(line) ? Math.round(Number(line) * 1000) : undefined;
}

/** Who has stopped a task, and how. */
export interface StopRecord {
  /** The name or the number of the user. */
  by: string;
  /** The signal it was asked with; SIGKILL if it was not asked. */
  signal: string;
  /** When, in milliseconds since 1970. */
  at: number;
}

/** The longest record of who has stopped a task, in bytes. */
const STOP_LENGTH = 1000;

/** Who has stopped the task, if somebody has. */
export function readStop(directory: string): StopRecord | undefined {
  return unlessBad(() => {
    const text = readRecord(`${directory}/stopped`, STOP_LENGTH);
    return text === undefined ? undefined : parseStop(text);
  });
}

/** Reads who has stopped a task; nothing if it is not what lanĉo would have written. */
export function parseStop(text: string): StopRecord | undefined {
  return unlessBad(() => {
    const { by, signal, at } = parseRecord(text);
    const known: readonly unknown[] = Object.values(SIGNALS);
    if (!isText(by) || !isText(signal) || !known.includes(signal) || !isNatural(at)) {
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

/** The word as a POSIX shell takes it literally. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Writes down who stops the task: whole, and in the place of whatever is there. That it
 * cannot be written must not hinder anybody.
 */
export function writeStop(namespace: string, task: string, stop: StopRecord): void {
  const directory = runDirectory(namespace, task);
  const file = `${directory}/.stopped-${crypto.randomUUID()}`;
  try {
    Deno.writeTextFileSync(file, JSON.stringify(stop) + "\n", { createNew: true, mode: 0o640 });
    Deno.renameSync(file, `${directory}/stopped`);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) removeQuietly(file);
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was not even made.
  }
}
