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

/** The record of a run. */
export interface Remembered {
  /** The name of the task. */
  name: string;
  /** When it was last written to, in milliseconds since 1970. */
  written: number;
  /** The number of its directory, which tells it from that of another run of the name. */
  inode: number | null;
}

/** Those of the finished runs that are to be forgotten: all but the newest. */
export function forgettable(finished: readonly Remembered[], keep = KEPT_RUNS): Remembered[] {
  return finished.toSorted((a, b) => b.written - a.written).slice(keep);
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
    ...look(`${runs(namespace)}/${name}`),
  }));
}

function runs(namespace: string): string {
  return `${namespaceDirectory(namespace)}/runs`;
}

function look(path: string): { written: number; inode: number | null } {
  return unlessGone(() => {
    const { mtime, ino } = Deno.statSync(path);
    return { written: mtime?.getTime() ?? 0, inode: ino };
  }, { written: 0, inode: null });
}

/** Forgets these, and no run that has come since they were found, or come and ended. */
export function forget(namespace: string, finished: readonly Remembered[]): void {
  for (const { name, inode } of finished) {
    const place = `${runs(namespace)}/${name}`;
    const aside = `${runs(namespace)}/.old-${crypto.randomUUID()}`;
    if (isRunning(namespace, name) || look(place).inode !== inode) continue;
    unlessGone(() => Deno.renameSync(place, aside), undefined);
    // Between the two another may have got the name after all.
    if (look(aside).inode !== inode) putBack(aside, place);
    remove(aside);
  }
}

/** Unless there is a still newer one: then it is of no use any more. */
function putBack(aside: string, place: string): void {
  try {
    Deno.renameSync(aside, place);
  } catch {
    // It is removed.
  }
}

/** What launchers that were killed have begun. */
function forgetAbandoned(namespace: string): void {
  for (const { name } of Deno.readDirSync(runs(namespace))) {
    if (!/^\.(new|old|no-exit)-/.test(name)) continue;
    const path = `${runs(namespace)}/${name}`;
    if (Date.now() - look(path).written > ABANDONED) remove(path);
  }
  // A cgroup that was never entered has no release agent; one that is in use is not removed.
  for (const { name } of Deno.readDirSync(namedRoot(namespace))) {
    const path = `${namedRoot(namespace)}/${name}`;
    if (/^(new|exit|enter|bell)-/.test(name) && Date.now() - look(path).written > ABANDONED) {
      removeCgroup(path);
    }
  }
}

function remove(path: string): void {
  unlessGone(() => Deno.removeSync(path, { recursive: true }), undefined);
}
