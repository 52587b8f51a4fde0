import { currentRun, unlessBad } from "./records.ts";
import { registeredInode } from "./task.ts";

/** What tells a run from the other runs of its task, and its command from other processes. */
export interface RunIds {
  /** The id of the run; null if there is no record of it that the caller may read. */
  run: string | null;
  /** The process id of its command; null if that is not known. */
  pid: number | null;
}

/**
 * Adds the ids of the run of a task that is under way, or of the last one, to what is told of the
 * task. The record is read when the ids are: only JSON has them.
 */
export function withRunIds<T extends object>(
  namespace: string,
  task: string,
  fields: T,
): T & RunIds {
  let ids: RunIds | undefined;
  const look = () => ids ??= read();
  const read = () => {
    const inode = registeredInode(namespace, task);
    const { run = null, pid = null } =
      unlessBad(() => currentRun(namespace, task, inode))?.record ??
        {};
    return { run, pid };
  };
  return Object.defineProperties(fields, {
    run: { enumerable: true, get: () => look().run },
    pid: { enumerable: true, get: () => look().pid },
  }) as T & RunIds;
}
