import { unlessGone } from "../cgroup/cgroup.ts";
import { Failed } from "../cli/errors.ts";
import { visible } from "../namespace/paths.ts";
import { identityOf, type LogIdentity } from "../task/log_identity.ts";
import { procOf } from "../task/pid_namespace.ts";

/** Returns the path of a descriptor of a process, below /run/lanco/proc (proc_pid_fd(5)). */
export function descriptor(pid: number, number: number): string {
  return `${procOf(pid)}/fd/${number}`;
}

/**
 * Checks that the file that a task has opened as its log has the log's name, not through a link.
 *
 * @param child The process id of the task's first process.
 * @param log The absolute path of the log.
 * @returns the identity of the file; undefined if the task has been killed meanwhile.
 * @throws {Failed} if it is another file.
 */
export function assertLog(child: number, log: string): LogIdentity | undefined {
  const named = unlessGone(() => Deno.lstatSync(visible(log)), undefined);
  // Descriptor 2 is compared, for while the child reports that the log is open its descriptor 1 is
  // the connection to this process. A child that has been killed meanwhile writes nothing, and the
  // next run of the task may have renamed its log.
  const opened = unlessGone(() => Deno.statSync(descriptor(child, 2)), undefined);
  if (opened === undefined) return undefined;
  if (named !== undefined && named.ino === opened.ino && named.dev === opened.dev) {
    return identityOf(named);
  }
  throw new Failed(
    `cannot write to the log "${log}": another file was put in its place: see who may write there`,
  );
}
