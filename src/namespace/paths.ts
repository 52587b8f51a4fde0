import { join } from "@std/path/posix/join";
import { normalize } from "@std/path/posix/normalize";

/**
 * Where lanĉo keeps everything that lasts until the next boot. The kernel's own
 * files are bound below it, because Deno refuses any path under /sys and /proc.
 */
export const RUN = "/run/lanco";

/** /proc, as Deno may read it. It is there as long as there is a namespace. */
export const PROC = `${RUN}/proc`;

/** Where the logs are, unless `-l` says otherwise; the executable may write here. */
export const LOGS = "/var/log";

/** Whether the executable itself may read and write the file: whether it is below the logs. */
export function isBelowLogs(path: string): boolean {
  return normalize(path).startsWith(`${LOGS}/`);
}

/**
 * The path under which the executable may look at any file that its user may look
 * at (stat, inotify): as it is below the logs, else by the root directory of this
 * very process, which is below /run/lanco/proc (proc(5)).
 */
export function visible(path: string): string {
  return isBelowLogs(path) ? normalize(path) : `${PROC}/self/root${normalize(`/${path}`)}`;
}

/** The absolute path of a file that a caller names in his working directory, without `.` and `..`. */
export function absolute(path: string, working: string): string {
  return path.startsWith("/") ? normalize(path) : join(working, path);
}

/** The directory of the logs of a namespace: its owner's and group's, 0750. */
export function logDirectory(namespace: string): string {
  return `${LOGS}/lanco-${namespace}`;
}

/** The log of a task, unless `-l` names another. */
export function logFile(namespace: string, task: string): string {
  return `${logDirectory(namespace)}/task-${task}.log`;
}
