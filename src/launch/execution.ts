import { isGone, processes, unlessHidden } from "../cgroup/cgroup.ts";
import { isScarcity } from "../cli/errors.ts";
import { delay } from "../cli/sleep.ts";
import { isDying, isYetToExecute } from "../task/command_start.ts";
import { procOf } from "../task/pid_namespace.ts";
import { readBeginning } from "../task/read_beginning.ts";
import { parseStatus, STATUS_LENGTH } from "../task/record.ts";
import { openRegular, unlessBad } from "../task/record_file.ts";
import { EndedEarly } from "./shim/ended_early.ts";
import { notExecuted, type Shim } from "./shim/shim.ts";

/** Whose execution of a command is watched. */
export interface ExecutionOptions {
  /** The task's first process. */
  child: number;
  /** The task's registered cgroup. */
  cgroup: string;
  /** The directory of the run. */
  directory: string;
  /** Whether the first process executes env(1), to restore variables, before the command. */
  restored: boolean;
}

/** How much of a command line is read to recognise it, in bytes. */
const BEGINNING = 1024;

/**
 * Watches how a task's first process executes the command. What it reads is opened before that
 * process is told to go on: afterwards it could not be found out without a free descriptor, and the
 * record of a run that was never executed may be removed by the next run of the task.
 */
export class Execution {
  readonly #line: Deno.FsFile | undefined;
  readonly #status: Deno.FsFile | undefined;

  /** @throws an error of the file system if there is no descriptor left. */
  constructor(private readonly options: ExecutionOptions) {
    const { child, directory } = options;
    this.#line = unlessHidden(() => Deno.openSync(`${procOf(child)}/cmdline`), undefined);
    try {
      this.#status = unlessBad(() => openRegular(`${directory}/status`));
    } catch (error) {
      this.close();
      // Only a later run of the task removes it, which can have the name after this one was killed.
      throw isGone(error) ? new EndedEarly(137) : error;
    }
  }

  /**
   * Waits until the child has executed the command: its command line is then no longer the shell's.
   * The command line of a process whose first thread has ended cannot be read; such a child has
   * executed the command if it is still in its cgroup. If it is not, the shim reports its exit
   * status, and the status file tells whether the command was executed.
   *
   * @param look Called before each pause of a millisecond; throws if waiting is of no use.
   * @throws {EndedEarly} if the child was killed before it has executed the command.
   * @throws {LancoError} with status 126 or 127 if the command cannot be executed.
   */
  async done(shim: Shim, look: () => void): Promise<void> {
    const { restored } = this.options;
    let status: string | undefined;
    const ended = shim.expect("ended").then((said) => status = said);
    ended.catch(() => status = "");
    for (let unseen = 0; status === undefined;) {
      const line = this.#read(this.#line, BEGINNING);
      // During execve(2) the command line is empty for a moment.
      unseen = line === "" ? unseen + 1 : 0;
      if (line === "" ? unseen > 3 && this.#isThere() : !isYetToExecute(line)) return;
      look();
      await delay(1);
    }
    await ended;
    const text = this.#read(this.#status, STATUS_LENGTH);
    // Without a status that lanco has written it is not known, and the shim has seen no error.
    if (text !== "" && !parseStatus(text).executed) throw new EndedEarly(Number(status));
    // 126 and 127 may also be the status of the command itself, which then was executed: env(1) gives
    // them, too, and the two cannot be told apart.
    if (restored && /^12[67]$/.test(status)) throw notExecuted(status);
  }

  /** Closes what it reads. */
  close(): void {
    this.#line?.close();
    this.#status?.close();
  }

  /** Returns the beginning of a file as it is now; "" if there is none, or the process has ended. */
  #read(file: Deno.FsFile | undefined, longest: number): string {
    if (file === undefined) return "";
    return unlessHidden(() => {
      file.seekSync(0, Deno.SeekMode.Start);
      return readBeginning(file, longest).text;
    }, "");
  }

  /** Returns whether the child is in its cgroup and is not ending; false if no descriptor is left to find it out. */
  #isThere(): boolean {
    const { child, cgroup } = this.options;
    try {
      // The list is read last: a process that has ended in between is not in it.
      return !isDying(child) && processes(cgroup).includes(child);
    } catch (error) {
      if (!isScarcity(error)) throw error;
      return false;
    }
  }
}
