import { currentRun, readRun, type RecordedRun } from "./records.ts";
import type { Labels } from "./labels.ts";

/** A run that is not over. */
export interface LiveRun {
  /** Its id; the inode of its registered cgroup, if it has no record. */
  run: string;
  /** The inode of its registered cgroup. */
  inode: number;
  /** Its record, as it was read first, without what may be long. */
  found: RecordedRun | undefined;
  /** How much of its file of pauses has been read, in bytes. */
  paused: number;
  /** Since when its cgroup has had no process, by performance.now(). */
  empty?: number;
}

/** Returns a run without the parts of its record that may be long: thousands of runs may be kept. */
export function short(found: RecordedRun): RecordedRun {
  return { ...found, record: { ...found.record, command: [], directory: "", log: null } };
}

/** Reads the record of a run again; undefined if there is none any more. */
export function again(namespace: string, task: string, old: RecordedRun): RecordedRun | undefined {
  const { run, inode } = old.record;
  if (!isFormer(old)) return readRun(namespace, task, run);
  const found = currentRun(namespace, task, undefined);
  return found?.record.inode === inode ? found : undefined;
}

/** Returns whether a run is of version 1.1.0: its id is then the inode of its registered cgroup. */
export function isFormer({ record }: RecordedRun): boolean {
  return record.run === String(record.inode);
}

/** Returns the process id of the command of a run, if it is on record, and its labels. */
export function about({ found }: LiveRun): { pid: number | null; labels: Labels } {
  return { pid: found?.record.pid ?? null, labels: found?.record.labels ?? {} };
}
