import { isName, TASK_MAX } from "../cli/names.ts";
import { isRunId, RUN_ID } from "./run_id.ts";

/** The ids of runs by the names of their tasks, the oldest first. */
export type Runs = ReadonlyMap<string, readonly string[]>;

/** Returns the run and the task of a file name `<run>-<task>`; undefined if the name is another. */
export function parseRunName(name: string): { run: string; task: string } | undefined {
  const [run, task] = [name.slice(0, RUN_ID), name.slice(RUN_ID + 1)];
  if (name[RUN_ID] !== "-" || !isRunId(run) || !isName(task, TASK_MAX)) return undefined;
  return { run, task };
}

/**
 * Returns the runs that files are named after.
 *
 * @param other Called with each name that is another.
 */
export function runsByTask(
  names: Iterable<string>,
  other: (name: string) => void = () => {},
): Runs {
  const runs = new Map<string, string[]>();
  for (const name of names) {
    const found = parseRunName(name);
    const known = found && runs.get(found.task);
    if (found === undefined) other(name);
    else if (known === undefined) runs.set(found.task, [found.run]);
    else known.push(found.run);
  }
  for (const ids of runs.values()) if (ids.length > 1) ids.sort();
  return runs;
}

/** The greatest granularity of the times of files, in milliseconds: a kernel tick, with a margin. */
export const TICK = 20;

/**
 * Returns a function that lists something by the names of the files in a directory. The list is kept, and
 * made again only if the directory has changed.
 *
 * @param list Makes the list from these names.
 */
export function keptList<T>(list: (names: Iterable<string>) => T): (directory: string) => T {
  /** The lists that were made last, with the directory's modification time and device. */
  const lists = new Map<string, { changed: number; device: number; made: T }>();
  return (directory) => {
    const { mtime, dev: device } = Deno.statSync(directory);
    const changed = mtime?.getTime() ?? 0;
    const known = lists.get(directory);
    if (known?.changed === changed && known.device === device) return known.made;
    const isSettled = Date.now() - changed > TICK;
    const made = list(Deno.readDirSync(directory).map(({ name }) => name));
    if (isSettled) lists.set(directory, { changed, device, made });
    else lists.delete(directory);
    return made;
  };
}
