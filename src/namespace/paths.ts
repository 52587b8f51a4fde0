import { join } from "@std/path/posix/join";
import { normalize } from "@std/path/posix/normalize";

/**
 * The directory of everything that lasts until the next boot. Cgroups and /proc are mounted
 * below it, too, because Deno refuses any path under /sys and /proc.
 */
export const RUN = "/run/lanco";

/** The path of proc(5) for Deno. It is mounted as long as there is any namespace. */
export const PROC = `${RUN}/proc`;

/** The directory that logs are in, unless `-l` names another; the executable may write here. */
export const LOGS = "/var/log";

/** Returns whether a file is below `/var/log`, where the executable itself may read and write. */
export function isBelowLogs(path: string): boolean {
  return normalize(path).startsWith(`${LOGS}/`);
}

/**
 * Returns a path by which the executable has permission to stat(2) or watch any file that
 * its user may. Outside of `/var/log` the path leads through the root directory of this
 * process, `/run/lanco/proc/self/root` (proc_pid_root(5)).
 */
export function visible(path: string): string {
  return isBelowLogs(path) ? normalize(path) : `${PROC}/self/root${normalize(`/${path}`)}`;
}

/** Returns the absolute path, without `.` and `..`, of a path relative to a working directory. */
export function absolute(path: string, working: string): string {
  return path.startsWith("/") ? normalize(path) : join(working, path);
}

/** Returns the directory of a namespace's logs. It has mode 0750, and belongs to owner and group. */
export function logDirectory(namespace: string): string {
  return `${LOGS}/lanco-${namespace}`;
}

/** Returns the path of a task's log, unless `-l` names another. */
export function logFile(namespace: string, task: string): string {
  return `${logDirectory(namespace)}/task-${task}.log`;
}
