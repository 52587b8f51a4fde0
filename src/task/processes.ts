import { LancoError } from "../cli/errors.ts";
import { printable } from "../cli/printable.ts";
import type { Namespace } from "../namespace/description.ts";
import { isLaunchShell } from "./launch_shells.ts";
import { beginningOf, commandLine } from "./process.ts";
import { currentRun } from "./records.ts";
import { registeredInode } from "./task.ts";

/** A process of a task. */
export interface Process {
  /** Its process id. */
  pid: number;
  /** Its command line, as `commandLine` returns it, or a dash if the caller may not see it. */
  cmdline: string;
}

/** Replaces a command line that the caller may not see. */
const HIDDEN = "-";

/**
 * Returns the processes of a task with their command lines. A caller who may see none of these, but
 * may read the record of the run, gets the command of the record for the first process.
 *
 * @param list Returns the process ids of the task; called again if a process has ended.
 */
export function describeTask(
  namespace: Namespace,
  task: string,
  list: () => readonly number[],
): Process[] {
  return describe(list, () => recordedCommand(namespace, task));
}

/** Returns the processes of an exit command. The shell's command line is replaced by "(exit command)". */
export function describeExit(list: () => readonly number[]): Process[] {
  return describe(list, () => undefined).map(({ pid, cmdline }) => ({
    pid,
    cmdline: isLaunchShell(beginningOf(pid), "lanco-exit") ? "(exit command)" : cmdline,
  }));
}

/** How much is read of the command lines of a task together, and of one at most and at least, in bytes. */
const ALL = 2 ** 22, MOST = 2 ** 20, LEAST = 2 ** 8;

function describe(list: () => readonly number[], first: () => string | undefined): Process[] {
  const pids = list();
  const longest = Math.max(LEAST, Math.min(MOST, Math.floor(ALL / pids.length)));
  const seen = pids.map((pid) => ({ pid, cmdline: commandLine(pid, longest) }));
  if (seen.every(({ cmdline }) => cmdline !== undefined)) return seen as Process[];
  // A process without a command line has ended if it is no longer in the list.
  const there = new Set(list());
  const left = seen.filter(({ pid, cmdline }) => cmdline !== undefined || there.has(pid));
  const command = left.every(({ cmdline }) => cmdline === undefined) ? first() : undefined;
  return left.map(({ pid, cmdline }, i) => ({
    pid,
    cmdline: cmdline ?? (i === 0 ? command : undefined) ?? HIDDEN,
  }));
}

/** Returns the command of the record in the form of a command line; undefined if the record cannot be read. */
function recordedCommand({ namespace }: Namespace, task: string): string | undefined {
  try {
    const command = currentRun(namespace, task, registeredInode(namespace, task))?.record.command;
    return command && printable(command.map((word) => `${word} `).join(""));
  } catch (error) {
    if (!(error instanceof LancoError)) throw error;
    return undefined;
  }
}
