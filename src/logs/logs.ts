// How logs are read and followed, wherever they lie.
import { isGone } from "../cgroup/cgroup.ts";
import { Failed, NotPermitted, reason } from "../cli/errors.ts";
import { isBelowLogs } from "../namespace/paths.ts";
import type { LogFile } from "./log_file.ts";
import { OwnLog } from "./own_log.ts";

/**
 * Opens a log to read it.
 *
 * @param writer Whose it must be, if a record says where it is that another user has
 * written: else that user could make anybody's file be shown.
 * @returns nothing if there is no such file.
 * @throws {NotPermitted} if the user may not read it.
 * @throws {Failed} if it cannot be read for another reason.
 */
export async function openLog(path: string, writer?: number): Promise<LogFile | undefined> {
  try {
    const file = isBelowLogs(path) ? new OwnLog(path) : await openForeign(path);
    if (writer === undefined || file.uid === writer) return file;
    file.close();
    throw new Deno.errors.PermissionDenied("it is not the task's owner's");
  } catch (error) {
    if (isGone(error)) return undefined;
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new NotPermitted(`cannot read the log "${path}": permission denied`);
    }
    throw new Failed(`cannot read the log "${path}": ${reason(error)}`);
  }
}

async function openForeign(path: string): Promise<LogFile> {
  const { ForeignLog } = await import("./foreign_log.ts");
  return await ForeignLog.open(path);
}
