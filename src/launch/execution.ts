import { processes } from "../cgroup/cgroup.ts";
import { delay } from "../cli/sleep.ts";
import { isDying, isYetToExecute } from "../task/command_start.ts";
import { procOf } from "../task/pid_namespace.ts";
import { readVisible } from "../task/process.ts";
import { notExecuted, type Shim } from "./shim/shim.ts";

/** The execution of a task's command. */
export interface Execution {
  /** The task's first process. */
  child: number;
  /** The task's registered cgroup. */
  cgroup: string;
  /** Whether the first process executes env(1), to restore variables, before the command. */
  restored: boolean;
}

/**
 * Waits until the child has executed the command: its command line is then no longer the shell's.
 * The command line of a privileged program, and of a process whose first thread has ended, cannot
 * be read; such a child has executed the command if it is still in its cgroup. If it is not, the
 * shim reports its exit status.
 *
 * @param look Called before each pause of a millisecond; throws if waiting is of no use.
 * @throws {LancoError} with status 126 or 127 if the command cannot be executed.
 */
export async function executed(
  shim: Shim,
  { child, cgroup, restored }: Execution,
  look: () => void,
): Promise<void> {
  let status: string | undefined;
  const ended = shim.expect("ended").then((said) => status = said);
  ended.catch(() => status = "");
  for (let unseen = 0; status === undefined;) {
    const line = readVisible(`${procOf(child)}/cmdline`);
    // During execve(2) the command line is empty for a moment.
    unseen = line === "" ? unseen + 1 : 0;
    if (line === "") {
      // The list is read last: a process that has ended in between is not in it.
      if (unseen > 3 && !isDying(child) && processes(cgroup).includes(child)) return;
    } else if (!isYetToExecute(line)) return;
    look();
    await delay(1);
  }
  await ended;
  // 126 and 127 may also be the status of the command itself, which then was executed: env(1) gives
  // them, too, and the two cannot be told apart.
  if (restored && /^12[67]$/.test(status)) throw notExecuted(status);
}
