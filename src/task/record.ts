import { unlessGone } from "../cgroup/cgroup.ts";
import { LIMIT_NAMES, type Limits } from "../cgroup/limits.ts";
import {
  BadRecord,
  LONGEST_RECORD,
  openRegular,
  openToAppend,
  parseRecord,
  readRecord,
} from "./record_file.ts";
import { printable } from "../cli/printable.ts";
import { SIGNALS } from "./signals.ts";

/** What was launched: `run.json` in the directory of a run. */
export interface RunRecord {
  /** The version of this record. */
  version: 2;
  /** The id of the run. */
  run: string;
  /** The name of the task. */
  task: string;
  /** The inode of its registered cgroup. */
  cgroup: number;
  /** The process id of its first process; not known of an older lanĉo. */
  pid: number | null;
  /** The process id of the shim. */
  shim: number;
  /** The command and its arguments. */
  command: string[];
  /** The directory it was started in. */
  directory: string;
  /** The log, or null in the foreground. */
  log: string | null;
  /** When it was started, in milliseconds since 1970. */
  started: number;
  /** When its first process was started, in milliseconds since boot, if that could be seen. */
  sinceBoot?: number;
  /** What it may use. */
  limits: Limits;
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
  if (value.version !== 2) {
    throw new BadRecord("it is not of version 2: ask the lanco that has launched it");
  }
  return checkRun(value);
}

/**
 * The record in what may be one.
 *
 * @throws {BadRecord} if a field is missing, or not of its type.
 */
export function checkRun(value: Record<string, unknown>): RunRecord {
  const { run, task, cgroup, pid, shim, command, directory, log, started, sinceBoot, limits } =
    value;
  const good = isText(run) && isText(task) && isNatural(cgroup) &&
    (pid === null || isNatural(pid)) && isNatural(shim) && isNatural(started) &&
    isText(directory) && (log === null || isText(log)) &&
    (sinceBoot === undefined || isNatural(sinceBoot)) &&
    Array.isArray(command) && command.every(isText) && isLimits(limits);
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
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Whether a value is a whole number, 0 or more. */
export function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isLimits(value: unknown): value is Limits {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.entries(value).every(([name, limit]) =>
      (LIMIT_NAMES as readonly string[]).includes(name) && Number.isFinite(limit) && limit >= 0
    );
}

/** What has become of the first process of a run: the file `status` in the directory of the run. */
export interface RunStatus {
  /** Whether it has become the command, or was about to. */
  executed: boolean;
  /** Its exit status as a shell has it, if it has ended. */
  code?: number;
  /** When it ended, in milliseconds since boot, if the shim could tell (proc_uptime(5)). */
  uptime?: number;
}

/** The longest status, in bytes. */
export const STATUS_LENGTH = 100;

/**
 * Reads a status. The first line is the id of the run, by which the shim knows the file; the
 * second says that the command was executed. The shim adds another by one write(2), of which
 * others see all or nothing: `ended STATUS UPTIME`. If the command could not be executed after
 * all, there is `failed` between the two. See `shim.sh` and `child.sh`.
 */
export function parseStatus(text: string): RunStatus {
  // What has no end is not written yet.
  const [, executed, ended = ""] = text.split("\n").slice(0, -1);
  if (executed !== "executed" || ended === "failed") return { executed: false };
  const [, code, uptime] = /^ended (\d{1,3}) (\d{1,12}\.\d\d)?$/.exec(ended) ?? [];
  // Who waits ends with it, and of a greater number the kernel keeps a byte: 0 of 256.
  if (code === undefined || Number(code) > 255) return { executed: true };
  return {
    executed: true,
    code: Number(code),
    ...(uptime === undefined ? {} : { uptime: Math.round(Number(uptime) * 1000) }),
  };
}

/** What has become of the first process of a run; nothing if that is not written down. */
export function readStatus(directory: string): RunStatus | undefined {
  return unlessBad(() => {
    const text = readRecord(`${directory}/status`, STATUS_LENGTH);
    return text === undefined ? undefined : parseStatus(text);
  });
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

/** Who has stopped a run, if somebody has: the file `stopped`. */
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
 * Writes down who stops a run, unless somebody has been faster: whole, for it gets its name by
 * link(2). That it cannot be written must not hinder anybody.
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

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was not even made.
  }
}

/** A task was paused, or resumed. */
export interface Pause {
  what: "pause" | "resume";
  /** When, in milliseconds since 1970. */
  at: number;
}

/** How many digits a time has there: what is cut off is no time. */
const DIGITS = 15;

/** The most that is read of the pauses of a run at once, in bytes. */
const PAUSES_LENGTH = 2 ** 16;

/**
 * Adds a line to the pauses of a run. It begins with the end of the line before, which the
 * caller's limit on the size of files may have cut off. That it cannot be written must not
 * hinder anybody.
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
 * The pauses of a run, the oldest first: the file `pauses`, a line each.
 *
 * @param from Where to begin, in bytes.
 * @returns some of them, and where to go on. If that is where it began, there are no more.
 */
export function readPauses(directory: string, from: number): { pauses: Pause[]; next: number } {
  const read = () => {
    using file = openRegular(`${directory}/pauses`);
    file.seekSync(from, Deno.SeekMode.Start);
    const bytes = new Uint8Array(PAUSES_LENGTH);
    return bytes.subarray(0, file.readSync(bytes) ?? 0);
  };
  const bytes = unlessBad(() => unlessGone(read, undefined)) ?? new Uint8Array();
  // Without an end it is half of a line, unless it is longer than any.
  const end = bytes.lastIndexOf("\n".charCodeAt(0)) + 1 ||
    (bytes.length < PAUSES_LENGTH ? 0 : bytes.length);
  return {
    pauses: parsePauses(new TextDecoder().decode(bytes.subarray(0, end))),
    next: from + end,
  };
}

/** Reads the pauses of a run; lines that lanĉo would not have written are passed over. */
export function parsePauses(text: string): Pause[] {
  return text.split("\n").flatMap((line): Pause[] => {
    const [, what, at] = /^(pause|resume) (\d{15})$/.exec(line) ?? [];
    return what === "pause" || what === "resume" ? [{ what, at: Number(at) }] : [];
  });
}
