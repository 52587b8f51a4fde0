import { unlessGone } from "../cgroup/cgroup.ts";
import { Failed } from "../cli/errors.ts";
import { visible } from "../namespace/paths.ts";
import { procOf } from "../task/pid_namespace.ts";

/** What tells a file from all others (inode(7)). */
export type FileIdentity = Pick<Deno.FileInfo, "dev" | "ino">;

/** The descriptor of a process, as a file below /run/lanco/proc. */
export function descriptor(pid: number, number: number): string {
  return `${procOf(pid)}/fd/${number}`;
}

/**
 * Whether a process has this file open. Whoever has its user's rights can lay another, or a
 * link, in the place of a file that it is to open by name.
 *
 * @returns true, too, of a process that has ended, which writes nothing.
 */
export function hasOpen(pid: number, number: number, file: FileIdentity): boolean {
  const opened = unlessGone(() => Deno.statSync(descriptor(pid, number)), undefined);
  return opened === undefined || (opened.ino === file.ino && opened.dev === file.dev);
}

/**
 * Sees to it that what a task has opened as its log is what has that name, and no link has.
 *
 * @param child The task's first process.
 * @param log The log's absolute path.
 * @throws {Failed} if it is not.
 */
export function assertLog(child: number, log: string): void {
  const named = unlessGone(() => Deno.lstatSync(visible(log)), undefined);
  // Its standard output is what it speaks to this process by, for a moment after it has spoken.
  if (named !== undefined && hasOpen(child, 2, named)) return;
  throw new Failed(
    `cannot write to the log "${log}": another file was laid in its place: see who may write there`,
  );
}
