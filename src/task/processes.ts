import { LancoError } from "../cli/errors.ts";
import { printable } from "../cli/printable.ts";
import type { Namespace } from "../namespace/description.ts";
import { commandLine } from "./process.ts";
import { currentRun } from "./records.ts";
import { registeredInode } from "./task.ts";

/** A process of a task. */
export interface Process {
  /** Its process id. */
  pid: number;
  /** Its command line, as `commandLine` gives it, or a dash if that is not for the caller. */
  cmdline: string;
}

/** What stands for a command line that is not for the caller. */
const HIDDEN = "-";

/**
 * The processes of a task. The kernel shows command lines to their owner only: whoever may read
 * the record is told the command instead, by the first process.
 *
 * @param list Gives those that there are.
 */
export function describeTask(
  namespace: Namespace,
  task: string,
  list: () => readonly number[],
): Process[] {
  return describe(list, () => recordedCommand(namespace, task));
}

/** The processes of an exit command, whose text nobody sees. */
export function describeExit(list: () => readonly number[]): Process[] {
  return describe(list, () => undefined).map(({ pid, cmdline }) => ({
    pid,
    cmdline: isExitShell(cmdline) ? "(exit command)" : cmdline,
  }));
}

/** Whether it is the command line of the shell that runs an exit command: see `exit.sh`, `prologue.sh`. */
function isExitShell(line: string): boolean {
  return /^\/bin\/sh -c # (Started by "run"|Waits for the end of a task)/.test(line);
}

function describe(list: () => readonly number[], first: () => string | undefined): Process[] {
  const seen = list().map((pid) => ({ pid, cmdline: commandLine(pid) }));
  if (seen.every(({ cmdline }) => cmdline !== undefined)) return seen as Process[];
  // What has ended meanwhile is not listed any more.
  const there = new Set(list());
  const left = seen.filter(({ pid, cmdline }) => cmdline !== undefined || there.has(pid));
  const command = left.every(({ cmdline }) => cmdline === undefined) ? first() : undefined;
  return left.map(({ pid, cmdline }, i) => ({
    pid,
    cmdline: cmdline ?? (i === 0 ? command : undefined) ?? HIDDEN,
  }));
}

/** The command that was launched, in the form of a command line; nothing if it is not known. */
function recordedCommand({ namespace }: Namespace, task: string): string | undefined {
  try {
    const command = currentRun(namespace, task, registeredInode(namespace, task))?.record.command;
    return command && printable(command.map((word) => `${word} `).join(""));
  } catch (error) {
    if (!(error instanceof LancoError)) throw error;
    return undefined;
  }
}
