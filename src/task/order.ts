import type { TaskState } from "./state.ts";

/** By what tasks can be sorted. */
export const SORT_KEYS = ["name", "start", "end", "memory", "cpu"] as const;

/** One of these. */
export type SortKey = typeof SORT_KEYS[number];

/** Returns the value by which a task is sorted, the greatest first; a task without one is the last. */
const VALUES: Readonly<Record<Exclude<SortKey, "name">, (task: TaskState) => number | null>> = {
  start: ({ started }) => started,
  end: ({ ended }) => ended,
  memory: ({ usage }) => usage?.memory.now ?? usage?.memory.peak ?? null,
  cpu: ({ usage }) => usage?.cpu.total ?? null,
};

/**
 * Returns tasks in an order: by their names; or those that were started or have ended last, or use
 * or have used most memory or processor time, first, and equal ones by their names.
 */
export function sorted(tasks: readonly TaskState[], key: SortKey): TaskState[] {
  const byName = tasks.toSorted((a, b) => a.task < b.task ? -1 : a.task > b.task ? 1 : 0);
  if (key === "name") return byName;
  const value = (task: TaskState) => VALUES[key](task) ?? -Infinity;
  return byName.sort((a, b) => value(a) === value(b) ? 0 : value(b) - value(a));
}

/**
 * Returns whether a task has failed: it has ended otherwise than with exit status 0, and nobody had
 * asked it to.
 */
export function hasFailed({ state, code, stopped }: TaskState): boolean {
  if (state === "running" || state === "paused" || stopped !== null) return false;
  return state !== "exited" || code !== 0;
}

/**
 * Returns whether a task runs, or has, or may have, ended since a time, in milliseconds since 1970.
 *
 * @param latest Returns the latest time at which it can have ended, if its end is not known.
 */
export function isSince({ state, ended }: TaskState, time: number, latest: () => number): boolean {
  return state === "running" || state === "paused" || (ended ?? latest()) >= time;
}
