// Reading and following the logs of tasks, in the log directory or in any other.
import { isGone } from "../cgroup/cgroup.ts";
import { Failed, NotPermitted, reason } from "../cli/errors.ts";
import { isBelowLogs } from "../namespace/paths.ts";
import type { WholeFile } from "./log_file.ts";
import { OwnLog } from "./own_log.ts";

/**
 * Opens a log for reading.
 *
 * @param path The path, which may come from a record that the namespace's owner has written.
 * @param writer The uid that must own the file, if the caller is another user than the writer
 * of the record: otherwise the writer could have the caller print any file.
 * @returns undefined if the file does not exist.
 * @throws {NotPermitted} if the caller may not read it, or `writer` does not own it.
 * @throws {Failed} if it cannot be opened for another reason.
 */
export async function openLog(path: string, writer?: number): Promise<WholeFile | undefined> {
  try {
    const file = isBelowLogs(path) ? new OwnLog(path) : await openForeign(path);
    if (writer === undefined || file.uid === writer) return file;
    file.close();
    throw new Deno.errors.PermissionDenied("the log belongs to another user");
  } catch (error) {
    if (isGone(error)) return undefined;
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new NotPermitted(
        `cannot read the log "${path}": permission denied: read it as its owner, or with sudo`,
      );
    }
    throw new Failed(`cannot read the log "${path}": ${reason(error)}`);
  }
}

async function openForeign(path: string): Promise<WholeFile> {
  const { ForeignLog } = await import("./foreign_log.ts");
  return await ForeignLog.open(path);
}
