import { processes } from "../cgroup/cgroup.ts";
import { procOf } from "./pid_namespace.ts";
import { registered } from "../namespace/paths.ts";
import { readVisible } from "./process.ts";
import { currentRun, unlessBad } from "./records.ts";
import { registeredInode } from "./task.ts";

/** What the command line of a task's first process begins with as long as it waits for `run`. */
const WAITING = "/bin/sh\0-c\0# What becomes the command.";

/**
 * Whether a process that has this command line is still waiting to become the command of a
 * task. Of one that is ending the kernel may give no more than what is on the first page.
 */
export function isWaiting(line: string): boolean {
  return line.startsWith(WAITING) ||
    line.startsWith("/bin/sh\0-c\0#") && !line.endsWith("\0") && WAITING.startsWith(line);
}

/** What the command line of env(1) begins with, by which a child restores variables on its way. */
const RESTORING = "/usr/bin/env\0-S\0";

/** Whether a process that has this command line restores the variables of a task. */
export function isRestoring(line: string): boolean {
  return line.startsWith(RESTORING);
}

/**
 * Whether a process is about to be gone, with all its threads: it may take a while
 * (proc_pid_stat(5), flags and num_threads; PF_EXITING).
 */
export function isDying(pid: number): boolean {
  const stat = readVisible(`${procOf(pid)}/stat`);
  const fields = stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
  return (Number(fields[6]) & 4) !== 0 && Number(fields[17]) <= 1;
}

/** Whether a process of this cgroup of a task is more than what waits to become its command. */
export function hasCommandStarted(cgroup: string): boolean {
  return processes(cgroup).some((pid) => {
    const line = readVisible(`${procOf(pid)}/cmdline`);
    if (line !== "") return !isWaiting(line) && !isRestoring(line);
    // What waits forks, too, and of what ends there is nothing to be seen; nor is there of what
    // is privileged, but that stays.
    return !isDying(pid) && processes(cgroup).includes(pid);
  });
}

/** How many processes there are at most before a command is executed: its shim, what waits, and its forks. */
const BEFORE = 4;

/** What the command line of a shim begins with, and of a batch's shell that has forked it. */
const SHIM = '/bin/sh\0-c\0# Started by "run"';

/**
 * Whether a task is registered whose command has not been executed yet, as far as the caller
 * may see: of another's processes nothing is to be seen.
 */
export function isBeingStarted(namespace: string, task: string): boolean {
  const lines = processes(registered(namespace, task)).map((pid) =>
    readVisible(`${procOf(pid)}/cmdline`)
  );
  if (lines.length <= BEFORE && lines.some(isWaiting)) return true;
  if (!lines.every((line) => line.startsWith(SHIM))) return false;
  // Nothing but its shim is there before the command, and after it.
  const found = unlessBad(() => currentRun(namespace, task, registeredInode(namespace, task)));
  return found?.status.executed !== true;
}
