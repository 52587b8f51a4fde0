import { join } from "@std/path/posix/join";

/**
 * Where lanĉo keeps everything that lasts until the next boot. The kernel's own
 * files are bound below it, because Deno refuses any path under /sys and /proc.
 */
export const RUN = "/run/lanco";

/** /proc, as Deno may read it. It is there as long as there is a namespace. */
export const PROC = join(RUN, "proc");

/** Where the logs are, unless `-l` says otherwise; the executable may write here. */
export const LOGS = "/var/log";

/** The directory of the logs of a namespace: its owner's and group's, 0750. */
export function logDirectory(namespace: string): string {
  return join(LOGS, `lanco-${namespace}`);
}

/** The log of a task, unless `-l` names another. */
export function logFile(namespace: string, task: string): string {
  return join(logDirectory(namespace), `task-${task}.log`);
}
