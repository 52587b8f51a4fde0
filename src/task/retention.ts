import { removeCgroup, unlessGone } from "../cgroup/cgroup.ts";
import { namedRoot, namespaceDirectory } from "../namespace/namespace.ts";
import { isRunning, recordedTasks } from "./task.ts";

/** How many finished runs of a namespace are remembered. */
export const KEPT_RUNS = 1000;

/** How many more may gather before they are cleared away, so that few runs have the trouble. */
const SLACK = 100;

/** How many are forgotten when there is no room. */
const MADE_WAY = 100;

/** How old what a launcher has begun must be to be what it left when it was killed, in milliseconds. */
const ABANDONED = 600_000;

/** A run's record, and when it was last written to, in milliseconds since 1970. */
export interface Remembered {
  /** The name of the task. */
  name: string;
  /** When its record was last written to. */
  written: number;
}

/** Those of the finished runs that are to be forgotten: all but the newest. */
export function forgettable(finished: readonly Remembered[], keep = KEPT_RUNS): string[] {
  return finished.toSorted((a, b) => b.written - a.written).slice(keep).map(({ name }) => name);
}

/** Forgets the oldest finished runs of a namespace, if there are many more than are kept. */
export function forgetOldRuns(namespace: string): void {
  // A directory has a link for each below it, which is less than to read their names.
  if ((Deno.statSync(runs(namespace)).nlink ?? 0) <= KEPT_RUNS + SLACK) return;
  const names = recordedTasks(namespace);
  if (names.length <= KEPT_RUNS + SLACK) return;
  const finished = findFinished(namespace, names);
  forget(namespace, forgettable(finished));
  forgetAbandoned(namespace);
}

/**
 * Makes room for a new record by forgetting the oldest finished runs of a namespace.
 *
 * @returns whether there were any.
 */
export function forgetOldest(namespace: string): boolean {
  forgetAbandoned(namespace);
  const finished = findFinished(namespace, recordedTasks(namespace));
  forget(namespace, forgettable(finished, Math.max(0, finished.length - MADE_WAY)));
  return finished.length > 0;
}

function findFinished(namespace: string, names: readonly string[]): Remembered[] {
  return names.filter((name) => !isRunning(namespace, name)).map((name) => ({
    name,
    written: written(`${runs(namespace)}/${name}`),
  }));
}

function runs(namespace: string): string {
  return `${namespaceDirectory(namespace)}/runs`;
}

function written(path: string): number {
  return unlessGone(() => Deno.statSync(path).mtime?.getTime() ?? 0, 0);
}

function forget(namespace: string, names: readonly string[]): void {
  for (const name of names) {
    // One that has been started again meanwhile is not touched: its record is new and in use.
    if (!isRunning(namespace, name)) remove(`${runs(namespace)}/${name}`);
  }
}

/** What launchers that were killed have begun. */
function forgetAbandoned(namespace: string): void {
  for (const { name } of Deno.readDirSync(runs(namespace))) {
    if (!/^\.(new|old)-/.test(name)) continue;
    const path = `${runs(namespace)}/${name}`;
    if (Date.now() - written(path) > ABANDONED) remove(path);
  }
  // A cgroup that was never entered has no release agent; one that is in use is not removed.
  for (const { name } of Deno.readDirSync(namedRoot(namespace))) {
    const path = `${namedRoot(namespace)}/${name}`;
    if (/^(new|exit|enter|bell)-/.test(name) && Date.now() - written(path) > ABANDONED) {
      removeCgroup(path);
    }
  }
}

function remove(path: string): void {
  unlessGone(() => Deno.removeSync(path, { recursive: true }), undefined);
}
