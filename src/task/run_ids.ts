import { currentRun, type RecordedRun, unlessBad } from "./records.ts";
import type { Labels } from "./labels.ts";
import { registeredInode } from "./task.ts";

/** What tells a run from the other runs of its task, and its command from other processes. */
export interface RunIds {
  /** The id of the run; null if there is no record of it that the caller may read. */
  run: string | null;
  /** The process id of its command; null if that is not known. */
  pid: number | null;
  /** The labels of the run; none if there is no record that the caller may read. */
  labels: Labels;
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
  const find = finder(namespace, task);
  return Object.defineProperties(fields, {
    run: { enumerable: true, get: () => find()?.record.run ?? null },
    pid: { enumerable: true, get: () => find()?.record.pid ?? null },
    labels: { enumerable: true, get: () => find()?.record.labels ?? {} },
  }) as T & RunIds;
}

/**
 * Returns a function that reads the record of the run of a task that is under way, or of the last
 * one, when it is called first. It returns undefined if there is no record that the caller may read.
 */
export function finder(namespace: string, task: string): () => RecordedRun | undefined {
  let read: { found: RecordedRun | undefined } | undefined;
  return () => {
    read ??= {
      found: unlessBad(() => currentRun(namespace, task, registeredInode(namespace, task))),
    };
    return read.found;
  };
}
