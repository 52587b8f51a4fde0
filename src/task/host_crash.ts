import { spend } from "../cli/budget.ts";
import { removeQuietly, unlessGone } from "../cgroup/cgroup.ts";
import type { Namespace } from "../namespace/description.ts";
import { Failed, LancoError, reason } from "../cli/errors.ts";
import { markDirectory } from "../namespace/paths.ts";
import { readRecord } from "./record_file.ts";
import { isOfBoot } from "./run_id.ts";
import { parseRunName, type Runs, runsByTask } from "./run_names.ts";

/** The greatest length of a mark, in bytes. */
const LONGEST = 100;

/** The size of a directory that has more than marks, in bytes: hundreds of thousands, as long as their names are. */
const HUGE = 2 ** 23;

/**
 * Makes the mark of a run, by which the run is known after a crash of the host. The file has the id
 * of the run, by which the shim recognises it. A failure is ignored, and leaves no mark: the end of
 * the run could not be written into one without the id.
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
    unmark(namespace, run, task);
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

/**
 * Returns the last run of each task, of those in earlier boots, if it was under way when the host
 * went down; the oldest first. Removes marks of earlier boots that are not needed any more: of runs
 * that had ended, or were followed by another run of their task.
 */
export function allLostRuns({ namespace, boot }: Namespace): LostRun[] {
  const directory = markDirectory(namespace);
  const lost: LostRun[] = [];
  if (boot === undefined) return lost;
  const earlier = marksIn(directory).sort().flatMap((name) => {
    const found = parseRunName(name);
    return found === undefined || isOfBoot(found.run, boot) ? [] : [{ name, ...found }];
  });
  const last = new Map(earlier.map(({ task, run }) => [task, run]));
  for (const { name, run, task } of earlier) {
    // The oldest is removed first, so that none is taken for the last one if this is interrupted.
    if (last.get(task) !== run) removeQuietly(`${directory}/${name}`);
    else {
      const text = unlessClosed(() => readRecord(`${directory}/${name}`, LONGEST));
      if (text !== undefined && hasEnded(text)) removeQuietly(`${directory}/${name}`);
      else if (text !== undefined) lost.push({ task, run });
    }
  }
  return lost;
}

function hasEnded(mark: string): boolean {
  return mark.includes("\nended ");
}

/** Returns when a run ended by its mark, in milliseconds since 1970; undefined if that does not tell it. */
export function endInMark(namespace: string, run: string, task: string): number | undefined {
  const path = `${markDirectory(namespace)}/${run}-${task}`;
  return unlessClosed(() => {
    const text = readRecord(path, LONGEST);
    return text !== undefined && hasEnded(text) ? Deno.statSync(path).mtime?.getTime() : undefined;
  });
}

/**
 * Returns whether a task has a run that was under way when the host went down.
 *
 * @throws {Failed} if a mark of the task cannot be read: then it is not known.
 */
export function isLost({ namespace, boot }: Namespace, task: string): boolean {
  const directory = markDirectory(namespace);
  try {
    const names = unlessGone(() => [...Deno.readDirSync(directory)].map(({ name }) => name), []);
    const last = names.filter((name) => parseRunName(name)?.task === task).sort().at(-1);
    const run = last && parseRunName(last)?.run;
    if (run === undefined || run === "" || boot === undefined || isOfBoot(run, boot)) return false;
    const text = readRecord(`${directory}/${last}`, LONGEST);
    return text !== undefined && !hasEnded(text);
  } catch (error) {
    throw new Failed(`cannot read the marks of task ${task} in ${directory}: ${reason(error)}`);
  }
}

/** Returns the marks of a namespace that are removed at the next boot, by the names of their tasks; none if the caller may not read them. */
export function marksByTask(namespace: string): Runs {
  return runsByTask(marksIn(markDirectory(namespace)));
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
