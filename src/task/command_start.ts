import { processes } from "../cgroup/cgroup.ts";
import { Failed, NotRunning } from "../cli/errors.ts";
import { delay } from "../cli/sleep.ts";
import { procOf } from "./pid_namespace.ts";
import { memberCgroups, RUN } from "../namespace/paths.ts";
import { isLaunchShell } from "./launch_shells.ts";
import { beginningOf, readVisible } from "./process.ts";

/**
 * Returns whether this is the command line of a task's first process as long as it waits for `run`,
 * with a zero byte after each argument.
 */
export function isWaiting(line: string): boolean {
  return isLaunchShell(line, "lanco-child");
}

/**
 * The beginnings of the command lines of what a first process becomes for a moment before it
 * executes the command, to restore variables: see `child.sh`.
 */
const RESTORING = ["/usr/bin/env\0-S\0", "/usr/bin/nice\0-n\x000\0"];

/** The same of what it becomes to remove the record of a launch that has failed. */
const REMOVING = `/bin/rm\0-rf\0--\0${RUN}/`;

const isRestoring = (line: string) => RESTORING.some((begin) => line.startsWith(begin));

/** Returns whether this is the command line of a task's first process before it executes the command. */
export function isYetToExecute(line: string): boolean {
  return isWaiting(line) || isRestoring(line) || line.startsWith(REMOVING);
}

/**
 * Returns whether a process is ending, with all its threads, which may take a while
 * (proc_pid_stat(5), flags and num_threads; PF_EXITING).
 */
export function isDying(pid: number): boolean {
  const fields = statFields(pid);
  return (Number(fields[6]) & 4) !== 0 && Number(fields[17]) <= 1;
}

/** Returns whether the command of a task has been executed: whether a process of this cgroup is neither its first process still waiting, nor a fork of that. */
export function hasCommandStarted(cgroup: string): boolean {
  return processes(cgroup).some((pid) => {
    const line = beginningOf(pid);
    if (line !== "") return !isYetToExecute(line);
    // An empty command line is that of an ending process, such as a fork of the waiting shell, or of
    // a privileged command, which the caller may not see: only the latter stays in the cgroup.
    return !isDying(pid) && processes(cgroup).includes(pid);
  });
}

/** How many processes a task has at most before its command is executed: the shim, its child, and their forks. */
const BEFORE = 4;

const isLaunching = (line: string) =>
  isLaunchShell(line, "lanco-shim", "lanco-pool") || line.startsWith(REMOVING);

/**
 * Returns whether a task is registered and its command has not been executed yet. Returns false if
 * the caller may not see the command lines of its processes.
 */
export async function isBeingStarted(namespace: string, task: string): Promise<boolean> {
  const seen = seemsBeingStarted(namespace, task);
  if (seen !== undefined) return seen;
  // Imported here, for `check` rarely needs the modules that read records.
  const { finder } = await import("./run_ids.ts");
  return finder(namespace, task)()?.status.executed !== true;
}

/**
 * Returns the same by the processes alone; undefined if only the record of the run tells it, for
 * only the shim is there both before the child is started and after the command has ended.
 */
export function seemsBeingStarted(namespace: string, task: string): boolean | undefined {
  const pids = new Set(memberCgroups(namespace, task).flatMap(processes));
  // What a task has started can be many processes.
  if (pids.size > BEFORE) return false;
  const lines = new Map([...pids].map((pid) => [pid, beginningOf(pid)]));
  const isFirst = (pid: number) => isLaunching(lines.get(parentOf(pid)) ?? "");
  const isBefore = ([pid, line]: [number, string]) =>
    isWaiting(line) || isRestoring(line) && isFirst(pid);
  if ([...lines].some(isBefore)) return true;
  // During execve(2) the command line is empty for a moment, as that of a privileged command is.
  const seen = [...lines.values()].filter((line) => line !== "");
  return seen.length === 0 || !seen.every(isLaunching) ? false : undefined;
}

/** The pause between two looks, in milliseconds. */
const PAUSE = 2;

/**
 * Waits until a task is not being started any more: its command has been executed, or its start has
 * failed.
 *
 * @param patience The longest wait, in milliseconds.
 * @param look Called before each pause; throws if waiting is of no use.
 * @returns whether that has happened in time.
 */
export async function untilStarted(
  namespace: string,
  task: string,
  patience: number,
  look: () => void = () => {},
): Promise<boolean> {
  for (const deadline = performance.now() + patience; await isBeingStarted(namespace, task);) {
    look();
    if (performance.now() > deadline) return false;
    await delay(PAUSE);
  }
  return true;
}

/** The longest wait for a command to be started, in milliseconds. */
const START_TIMEOUT = 5000;

/** A run of a task that is under way. */
export interface AwaitedRun {
  /** The name of its task. */
  task: string;
  /** The cgroup of its processes. */
  cgroup: string;
  /** Returns whether it is over. */
  isOver: () => boolean;
}

/**
 * Waits until the command of a run has been executed.
 *
 * @param aim What the caller is about to do, for the message.
 * @param hasStarted Returns whether it has, as far as that matters.
 * @throws {NotRunning} if the run is over.
 * @throws {Failed} if the command is not executed in 5 seconds.
 */
export async function awaitStart(
  { task, cgroup, isOver }: AwaitedRun,
  aim: string,
  hasStarted = () => hasCommandStarted(cgroup),
): Promise<void> {
  for (const deadline = performance.now() + START_TIMEOUT; !hasStarted();) {
    if (isOver()) throw new NotRunning(task);
    if (performance.now() > deadline) {
      throw new Failed(`cannot ${aim}: its command has not been started yet: try again`);
    }
    await delay(1);
  }
}

/** Returns the process id of the parent of a process; NaN if it cannot be read. */
function parentOf(pid: number): number {
  return Number(statFields(pid)[1]);
}

/** Returns the fields of `/proc/<pid>/stat` from the state on, the third in proc_pid_stat(5). */
function statFields(pid: number): string[] {
  const stat = readVisible(`${procOf(pid)}/stat`);
  return stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
}
