import { processes } from "../cgroup/cgroup.ts";
import { procOf } from "./pid_namespace.ts";
import { memberCgroups, RUN } from "../namespace/paths.ts";
import { readVisible } from "./process.ts";
import { currentRun, unlessBad } from "./records.ts";
import { registeredInode } from "./task.ts";

/** The beginning of the command lines of shells that are given their script. */
const SHELL = "/bin/sh\0-c\0";

/**
 * The beginnings of the command line of a task's first process before it executes the command: see
 * `shim.sh`. The second is that of version 1.1.0, whose script began with this comment.
 */
const WAITING = [`${SHELL}eval "$1"\0lanco-child\0`, `${SHELL}# What becomes the command.`];

/** The beginning of the command line of setsid(1), which executes that shell in a session of its own. */
const SESSION = `/usr/bin/setsid\0${WAITING[0]}`;

/**
 * Returns whether this is the command line of a task's first process that has not executed the
 * command yet. Of a process that is ending the kernel may return only the beginning.
 */
export function isWaiting(line: string): boolean {
  const isCut = line.length > SHELL.length && !line.endsWith("\0");
  return line.startsWith(SESSION) ||
    WAITING.some((begin) => line.startsWith(begin) || isCut && begin.startsWith(line));
}

/** The beginning of the command line of env(1), by which a first process restores variables before the command. */
const RESTORING = "/usr/bin/env\0-S\0";

/** Returns whether this is the command line of a first process that restores variables. */
export function isRestoring(line: string): boolean {
  return line.startsWith(RESTORING);
}

/**
 * Returns whether a process is ending, with all its threads, which may take a while
 * (proc_pid_stat(5), flags and num_threads; PF_EXITING).
 */
export function isDying(pid: number): boolean {
  const stat = readVisible(`${procOf(pid)}/stat`);
  const fields = stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
  return (Number(fields[6]) & 4) !== 0 && Number(fields[17]) <= 1;
}

/** Returns the beginning of the command line of a process, which is all that is compared. */
function beginningOf(pid: number): string {
  return readVisible(`${procOf(pid)}/cmdline`, BEGINNING);
}

/** How much of a command line is read to recognise it, in bytes. */
const BEGINNING = 1024;

/** Returns whether the command of a task has been executed: whether a process of this cgroup is neither its first process still waiting, nor a fork of that. */
export function hasCommandStarted(cgroup: string): boolean {
  return processes(cgroup).some((pid) => {
    const line = beginningOf(pid);
    if (line !== "") return !isWaiting(line) && !isRestoring(line);
    // An empty command line is that of an ending process, such as a fork of the waiting shell, or of
    // a privileged command, which the caller may not see: only the latter stays in the cgroup.
    return !isDying(pid) && processes(cgroup).includes(pid);
  });
}

/** How many processes a task has at most before its command is executed: the shim, its child, and their forks. */
const BEFORE = 4;

/**
 * The beginnings of the command lines of a shim and of a shim pool, see `prologue.sh`; of those
 * whose script is executed anew when bash has closed descriptors above 9; and of what a first
 * process becomes to remove the record of a launch that has failed, see `child.sh`.
 */
const LAUNCHING = [
  `${SHELL}# Started by "run"`,
  `${SHELL}# The shim`,
  // Where systemd keeps the namespace, end.sh stands before the script of the shim.
  `${SHELL}# shellcheck disable=SC2154 # what "run" has sent`,
  `/bin/rm\0-rf\0--\0${RUN}/`,
];

const isLaunching = (line: string) => LAUNCHING.some((begin) => line.startsWith(begin));

/**
 * Returns whether a task is registered and its command has not been executed yet. Returns false if
 * the caller may not see the command lines of its processes.
 */
export function isBeingStarted(namespace: string, task: string): boolean {
  const pids = memberCgroups(namespace, task).flatMap(processes);
  const lines = pids.map(beginningOf);
  if (pids.length <= BEFORE && lines.some(isWaiting)) return true;
  // During execve(2) the command line is empty for a moment, as that of a privileged command is.
  const isUndecided = lines.some(isLaunching) &&
    lines.every((line) => line === "" || isLaunching(line));
  if (!isUndecided) return false;
  // Only the shim is there both before the child is started and after the command has ended.
  const found = unlessBad(() => currentRun(namespace, task, registeredInode(namespace, task)));
  return found?.status.executed !== true;
}
