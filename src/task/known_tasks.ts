import { listRuns, markedRuns, unlessBad } from "./records.ts";
import { runningTasks } from "./task.ts";

/**
 * Returns the names of the tasks that have a record, in no order.
 *
 * @throws {RecordsClosed} if the caller may not read the records.
 */
function recordedTasks(namespace: string): string[] {
  const { runs, former } = listRuns(namespace);
  return [...new Set([...runs.keys(), ...former, ...markedRuns(namespace).keys()])];
}

/** Returns the names of the tasks that run or have a record that the caller may read, sorted. */
export function knownTasks(namespace: string): string[] {
  const recorded = unlessBad(() => recordedTasks(namespace)) ?? [];
  return [...new Set([...recorded, ...runningTasks(namespace)])].sort();
}

/**
 * Returns the names of the running tasks, and of the tasks that have ended and have a record, each
 * sorted.
 *
 * @throws {RecordsClosed} if the caller may not read the records.
 */
export function allTasks(namespace: string): { running: string[]; finished: string[] } {
  // The records are listed first: a task that starts in between is then found to run, and one that
  // ends in between has a record already.
  const recorded = recordedTasks(namespace);
  const running = runningTasks(namespace);
  const runs = new Set(running);
  return { running, finished: recorded.filter((name) => !runs.has(name)).sort() };
}
