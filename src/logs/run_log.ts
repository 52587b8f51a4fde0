import { basename } from "@std/path/posix/basename";
import { dirname } from "@std/path/posix/dirname";
import { unlessHidden } from "../cgroup/cgroup.ts";
import { runDirectory, visible } from "../namespace/paths.ts";
import { identityOf, type LogIdentity } from "../task/log_identity.ts";
import { readStatus } from "../task/record.ts";
import { listRuns } from "../task/records.ts";
import type { LogFile } from "./log_file.ts";

/** How often a log that is renamed while it is being opened is looked for again. */
const ATTEMPTS = 5;

/** How many numbers of rotated logs are tried in a directory that the user may not list. */
const NUMBERS = 100;

/**
 * Opens the log of a run by the identity of its file, whatever name rotation has given to it since.
 *
 * @param path The path at which the run has opened it.
 * @param open Opens a file.
 * @returns the open file and its present path; undefined if no file that has the log's name or
 * that of a rotated log is that file: it was removed, or compressed or copied into another one.
 */
export async function openRunLog(
  path: string,
  identity: LogIdentity,
  open: (path: string) => Promise<LogFile | undefined>,
): Promise<{ path: string; file: LogFile } | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const name = findRunLog(path, identity);
    if (name === undefined) return undefined;
    const file = await open(name);
    if (file?.inode === identity.ino) return { path: name, file };
    file?.close();
  }
  return undefined;
}

/** Returns the present path of the log of a run, by the identity of its file; undefined if it is not found. */
export function findRunLog(path: string, identity: LogIdentity): string | undefined {
  return candidates(path).find((name) => isLogAt(name, identity));
}

/** Returns the paths that the log may have by now, the most likely first. */
function candidates(path: string): string[] {
  const [directory, name] = [dirname(path), basename(path)];
  const renamed = (other: string) =>
    other.startsWith(name) && /^([.-]\d+)+$/.test(other.slice(name.length));
  const entries = unlessHidden(() => [...Deno.readDirSync(visible(directory))], undefined);
  const others = entries?.map(({ name }) => name).filter(renamed);
  return [
    path,
    ...others?.map((other) => `${directory}/${other}`) ??
      Array.from({ length: NUMBERS }, (_, i) => `${path}.${i + 1}`),
  ];
}

/** Returns whether the file of a path is a certain log. */
export function isLogAt(path: string, identity: LogIdentity): boolean {
  const named = unlessHidden(() => Deno.lstatSync(visible(path)), undefined);
  return named !== undefined && isSameFile(identityOf(named), identity);
}

/** Returns whether two identities are of the same file, as far as the file system tells when files were made. */
export function isSameFile(one: LogIdentity, other: LogIdentity): boolean {
  return one.dev === other.dev && one.ino === other.ino && one.birth === other.birth;
}

/** Returns the logs of the runs of a task that are on record, or of those that began after a certain one. */
export function logsOnRecord(namespace: string, task: string, after = ""): LogIdentity[] {
  return listRuns(namespace).runs.get(task)?.filter((run) => run > after)
    .map((run) => readStatus(runDirectory(namespace, run, task)))
    .flatMap((status) => [status?.log ?? [], status?.stderr ?? []].flat()) ?? [];
}

/**
 * Tells what else is in the log of a run, by the logs of the other runs of its task.
 *
 * @param later The logs of the runs that began later.
 * @returns `removed` if a later run has made a new file with the same inode, so that the file of
 * this run was removed; `shared` if the file has output of other runs, too.
 */
export function fate(
  log: LogIdentity,
  later: readonly LogIdentity[],
): "own" | "shared" | "removed" {
  const same = later.filter((other) => isSameFile(other, log));
  if (log.birth === null && same.some(({ size }) => size === 0)) return "removed";
  return same.length > 0 || log.size > 0 ? "shared" : "own";
}
