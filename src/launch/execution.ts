import { processes } from "../cgroup/cgroup.ts";
import { isDying, isRestoring, isWaiting } from "../task/command_start.ts";
import { procOf } from "../task/pid_namespace.ts";
import { readVisible } from "../task/process.ts";
import { notExecuted, type Shim } from "./shim/shim.ts";

/** What is waited for. */
export interface Execution {
  /** The task's first process. */
  child: number;
  /** The task's registered cgroup. */
  cgroup: string;
  /** Whether env(1) restores variables on the way. */
  restored: boolean;
}

/**
 * Waits until the child has become the command: its command line is no longer the
 * shell's. Where that cannot be seen, because the command is a privileged program, or
 * its first thread has ended, the child is still listed in its cgroup. If it is not, the
 * shim will say how it ended.
 *
 * @param look Called meanwhile, time and again: throws if there is no use in waiting.
 * @throws {LancoError} with status 126 or 127 if it cannot be executed.
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
    const waits = isWaiting(line) || (restored && isRestoring(line));
    // In the middle of execve(2) there is nothing to be seen for a moment.
    unseen = line === "" ? unseen + 1 : 0;
    if (line === "") {
      // In this order: what is gone meanwhile is not listed any more.
      if (unseen > 3 && !isDying(child) && processes(cgroup).includes(child)) return;
    } else if (!waits) return;
    look();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await ended;
  // The command's own, or what env(1) says of one that it cannot execute.
  if (restored && /^12[67]$/.test(status)) throw notExecuted(status);
}
