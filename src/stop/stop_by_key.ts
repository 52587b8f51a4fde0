import { isName, TASK_MAX } from "../cli/names.ts";
import { parseFields } from "../cli/parse_fields.ts";
import { toStandardError } from "../cli/standard_output.ts";

/**
 * What root's `top`, which acts as the owner of a namespace, tells root's command on standard
 * error, as a line of JSON: so root can kill the task if the owner hinders the process that acts.
 */
export type Notice =
  /** The user has asked for a stop of the run with this inode; after so many milliseconds it is killed. */
  | { stop: string; inode: number; patience: number }
  /** The stop of the run with this inode has succeeded or failed. */
  | { over: number }
  /** The user has left `top` by a key, so that stops which are under way do not matter. */
  | { quit: true };

/** The longest patience that is accepted, in milliseconds. */
const PATIENCE_MAX = 86_400_000;

/** Writes a notice to standard error, which is a pipe to root's command. */
export function tellRoot(notice: Notice): void {
  toStandardError(`${JSON.stringify(notice)}\n`);
}

/** Parses a line of standard error; returns undefined if it is a message for the user. */
export function parseNotice(line: string): Notice | undefined {
  if (!line.startsWith("{")) return undefined;
  const { stop, inode, patience, over, quit } = parseFields(line);
  if (quit === true) return { quit };
  if (isWhole(over)) return { over };
  const isStop = typeof stop === "string" && isName(stop, TASK_MAX) && isWhole(inode) &&
    isWhole(patience, PATIENCE_MAX);
  return isStop ? { stop, inode, patience } : undefined;
}

function isWhole(value: unknown, max = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
}
