import { readParsed } from "./record_file.ts";

/** The time limit of a run: then the task and all that it has started is ended. */
export interface TimeLimit {
  /** How long the run may take, in milliseconds. */
  after: number;
  /** How long it is given to end after the signal, before it is killed, in milliseconds. */
  killAfter: number;
}

/** The shortest and the longest time that a run can be given, in milliseconds. */
export const TIME_LIMITS = { min: 100, max: 365 * 86_400_000 };

/** The shortest and the longest time to end that it can be given, in milliseconds. */
export const KILL_TIMES = { min: 100, max: 86_400_000 };

/** The time to end that it is given unless its starter has said so, in milliseconds. */
export const DEFAULT_KILL_TIME = 10_000;

/** Returns whether a value is of this type. */
export function isTimeLimit(value: unknown): value is TimeLimit {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { after, killAfter, ...more } = value as Record<string, unknown>;
  const isWithin = (time: unknown, { min, max }: { min: number; max: number }) =>
    Number.isSafeInteger(time) && Number(time) >= min && Number(time) <= max;
  return Object.keys(more).length === 0 && isWithin(after, TIME_LIMITS) &&
    isWithin(killAfter, KILL_TIMES);
}

/** The greatest length of the file `timeout` of a run, in bytes. */
const TIMEOUT_LENGTH = 200;

/**
 * Returns whether the text of the file `timeout` of a run says that its time limit has ended the
 * run. The first line is the id of the run; what keeps the time adds a line when the time is over:
 * see `time_limit.sh`.
 */
function parseTimedOut(text: string): boolean {
  return /^\S+\ntimed out \d*\n/.test(text);
}

/** Returns whether the time limit of a run has ended it, or is ending it: false if that cannot be read. */
export function readTimedOut(directory: string): boolean {
  return readParsed(`${directory}/timeout`, TIMEOUT_LENGTH, parseTimedOut) === true;
}
