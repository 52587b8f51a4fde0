import { spend } from "../cli/budget.ts";
import { unlessGone } from "../cgroup/cgroup.ts";
import type { Namespace } from "../namespace/description.ts";
import { LancoError } from "../cli/errors.ts";
import { logDirectory } from "../namespace/paths.ts";
import { readRecord, removeQuietly } from "./record_file.ts";
import { parseRunName } from "./records.ts";
import { isOfBoot } from "./run_id.ts";

/** The greatest length of a mark, in bytes. */
const LONGEST = 100;

/** How many marks of earlier boots are kept, and how many others are removed at once. */
const KEPT = 1000;

/** The size of a directory that has more than marks, in bytes: hundreds of thousands, as long as their names are. */
const HUGE = 2 ** 23;

/** Returns the directory of the marks on disk: a file for each run, in which its end is written, too. */
export function markDirectory(namespace: string): string {
  return `${logDirectory(namespace)}/.runs`;
}

/**
 * Makes the mark of a run, by which the run is known after a crash of the host. The file has the id
 * of the run, by which the shim recognises it. A failure is ignored.
 */
export function mark(namespace: string, run: string, task: string): void {
  const directory = markDirectory(namespace);
  const make = () =>
    Deno.writeTextFileSync(`${directory}/${run}-${task}`, `${run}\n`, {
      createNew: true,
      mode: 0o640,
    });
  try {
    try {
      make();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      Deno.mkdirSync(directory, { mode: 0o750 });
      make();
    }
  } catch {
    // The disk is full, or the logs' directory is gone.
  }
}

/** Removes the mark of a run that was not started, or whose record is removed. */
export function unmark(namespace: string, run: string, task: string): void {
  removeQuietly(`${markDirectory(namespace)}/${run}-${task}`);
}

/** A run that was under way when the host went down. */
export interface LostRun {
  /** The name of its task. */
  task: string;
  /** Its id. */
  run: string;
}

/** Returns the last run of each task that ran when the host went down, by task, the oldest first. */
export function lostRuns(namespace: Namespace): Map<string, string> {
  return new Map(allLostRuns(namespace).map(({ task, run }) => [task, run]));
}

/** Returns all runs that were under way when the host went down, the oldest first. Removes marks of earlier boots that are not needed any more. */
export function allLostRuns({ namespace, boot }: Namespace): LostRun[] {
  const directory = markDirectory(namespace);
  const lost: LostRun[] = [];
  if (boot === undefined) return lost;
  const earlier = marksIn(directory).sort().flatMap((name) => {
    const found = parseRunName(name);
    return found === undefined || isOfBoot(found.run, boot) ? [] : [{ name, ...found }];
  });
  const old = earlier.splice(0, Math.max(0, earlier.length - KEPT));
  for (const { name } of old.slice(0, KEPT)) removeQuietly(`${directory}/${name}`);
  for (const { name, run, task } of earlier) {
    const text = unlessClosed(() => readRecord(`${directory}/${name}`, LONGEST));
    // The mark of a run that had ended is not needed any more.
    if (text?.includes("\nended ")) removeQuietly(`${directory}/${name}`);
    else if (text !== undefined) lost.push({ task, run });
  }
  return lost;
}

/** Returns the names in the directory of the marks; none if it has too many to be listed. */
function marksIn(directory: string): string[] {
  return unlessClosed(() => {
    if (Deno.statSync(directory).size <= HUGE) {
      return [...Deno.readDirSync(directory)].map(({ name }) => name);
    }
    // A directory may stay large when it has become empty: then it is made anew.
    if (removeQuietly(directory)) return [];
    spend(Infinity);
    return [];
  }) ?? [];
}

function unlessClosed<T>(read: () => T): T | undefined {
  try {
    return unlessGone(read, undefined);
  } catch (error) {
    if (error instanceof LancoError) throw error;
    // The caller may not read it, or lanĉo has not written it.
    return undefined;
  }
}
