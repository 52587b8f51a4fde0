import { unlessGone } from "../cgroup/cgroup.ts";
import { Failed } from "../cli/errors.ts";
import { visible } from "../namespace/paths.ts";
import { procOf } from "../task/pid_namespace.ts";

/** The device and the inode of a file, which identify it (inode(7)). */
export type FileIdentity = Pick<Deno.FileInfo, "dev" | "ino">;

/** Returns the path of a descriptor of a process, below /run/lanco/proc (proc_pid_fd(5)). */
export function descriptor(pid: number, number: number): string {
  return `${procOf(pid)}/fd/${number}`;
}

/**
 * Returns whether a descriptor of a process is of a certain file. Another process of the same user
 * may have put another file or a link in the place of a file before it was opened by name.
 *
 * @returns true also if the process has ended: it writes nothing.
 */
export function hasOpen(pid: number, number: number, file: FileIdentity): boolean {
  const opened = unlessGone(() => Deno.statSync(descriptor(pid, number)), undefined);
  return opened === undefined || (opened.ino === file.ino && opened.dev === file.dev);
}

/**
 * Checks that the file that a task has opened as its log has the log's name, not through a link.
 *
 * @param child The process id of the task's first process.
 * @param log The absolute path of the log.
 * @throws {Failed} if it is another file.
 */
export function assertLog(child: number, log: string): void {
  const named = unlessGone(() => Deno.lstatSync(visible(log)), undefined);
  // Descriptor 2 is compared, for while the child reports that the log is open its descriptor 1 is
  // the connection to this process.
  if (named !== undefined && hasOpen(child, 2, named)) return;
  throw new Failed(
    `cannot write to the log "${log}": another file was put in its place: see who may write there`,
  );
}
