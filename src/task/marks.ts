import { unlessGone } from "../cgroup/cgroup.ts";
import type { Namespace } from "../namespace/description.ts";
import { logDirectory } from "../namespace/paths.ts";
import { readRecord } from "./record_file.ts";
import { parseRunName } from "./records.ts";
import { isOfBoot } from "./run_id.ts";

/** The longest mark, in bytes. */
const LONGEST = 100;

/** How many runs of earlier boots are remembered. */
const KEPT = 1000;

/** Where a mark on disk says of each run that it has begun, until one of its end is written into it. */
export function markDirectory(namespace: string): string {
  return `${logDirectory(namespace)}/.runs`;
}

/**
 * Marks a run, so that it is known of after a crash of the host. The file has the id of the run
 * in it, by which its shim knows it. That it cannot be written must not hinder anybody.
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
    // The disk is full, or there is no such directory.
  }
}

/** Removes the mark of a run that did not come to be, or is forgotten. */
export function unmark(namespace: string, run: string, task: string): void {
  removeQuietly(`${markDirectory(namespace)}/${run}-${task}`);
}

/** The last run of each task that ran when the host went down, the oldest first. */
export function lostRuns({ namespace, boot }: Namespace): Map<string, string> {
  const directory = markDirectory(namespace);
  const lost = new Map<string, string>();
  if (boot === undefined) return lost;
  const names = unlessClosed(() => [...Deno.readDirSync(directory)].map(({ name }) => name)) ?? [];
  const earlier = names.sort().flatMap((name) => {
    const found = parseRunName(name);
    return found === undefined || isOfBoot(found.run, boot) ? [] : [{ name, ...found }];
  });
  for (const [i, { name, run, task }] of earlier.entries()) {
    const text = unlessClosed(() => readRecord(`${directory}/${name}`, LONGEST));
    // What had ended is of no use any more.
    if (text?.includes("\nended ") || i < earlier.length - KEPT) {
      removeQuietly(`${directory}/${name}`);
    } else if (text !== undefined) lost.set(task, run);
  }
  return lost;
}

function unlessClosed<T>(read: () => T): T | undefined {
  try {
    return unlessGone(read, undefined);
  } catch {
    // Not for the caller, or not what lanĉo has made.
    return undefined;
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was not even made, or is another's.
  }
}
