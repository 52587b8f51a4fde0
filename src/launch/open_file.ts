import { unlessGone } from "../cgroup/cgroup.ts";
import { Failed } from "../cli/errors.ts";
import { visible } from "../namespace/paths.ts";
import { identityOf, type LogIdentity } from "../task/log_identity.ts";
import { procOf } from "../task/pid_namespace.ts";
import { NAMES } from "../logs/output_names.ts";
import type { OutputName } from "../task/drops.ts";

/** Returns the path of a descriptor of a process, below /run/lanco/proc (proc_pid_fd(5)). */
export function descriptor(pid: number, number: number): string {
  return `${procOf(pid)}/fd/${number}`;
}

/**
 * Checks that a file that a task has opened for its output has its name, not through a link.
 *
 * @param opened The path of the descriptor of the task's first process.
 * @param path The absolute path of the file.
 * @returns the identity of the file, and whether it is a regular one; undefined if the task has been killed meanwhile.
 * @throws {Failed} if it is another file.
 */
export function assertOutput(
  opened: string,
  path: string,
  output: OutputName,
): { identity: LogIdentity; isRegular: boolean } | undefined {
  const named = unlessGone(() => Deno.lstatSync(visible(path)), undefined);
  // A child that has been killed meanwhile writes nothing, and the next run of the task may have
  // renamed its log.
  const open = unlessGone(() => Deno.statSync(opened), undefined);
  if (open === undefined) return undefined;
  if (named !== undefined && named.ino === open.ino && named.dev === open.dev) {
    return { identity: identityOf(named), isRegular: named.isFile };
  }
  const { what } = NAMES[output];
  throw new Failed(
    `cannot write to the ${what} "${path}": another file was put in its place: see who may write there`,
  );
}
