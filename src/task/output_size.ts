import { unlessGone } from "../cgroup/cgroup.ts";
import { visible } from "../namespace/paths.ts";
import type { OutputName } from "./drops.ts";
import type { RecordedRun } from "./records.ts";

/**
 * Returns the size of a file as it takes room: without a hole that `run --log-max` has left in it.
 *
 * @returns null if it is no regular file.
 */
export function sizeOf({ isFile, size, blocks }: Deno.FileInfo): number | null {
  if (!isFile) return null;
  // Files of a few bytes may have no block of their own.
  return blocks ? Math.min(size, blocks * 512) : size;
}

/** Returns the size of the file that has a path; null if it is no regular file, or cannot be looked at. */
export function sizeAt(path: string): number | null {
  return lookAt(path, (info) => sizeOf(info));
}

/** Returns the size of a file of a run's output; null if it is not known, or another file has its name by now. */
export function outputSize(found: RecordedRun | undefined, output: OutputName): number | null {
  const [path, identity] = [found?.record[output], found?.status[output]];
  if (path == null || identity === undefined) return null;
  return lookAt(
    path,
    (info) => info.ino === identity.ino && info.dev === identity.dev ? sizeOf(info) : null,
  );
}

function lookAt(path: string, look: (info: Deno.FileInfo) => number | null): number | null {
  try {
    return unlessGone(() => look(Deno.lstatSync(visible(path))), null);
  } catch {
    // The caller may not look there, or the owner has written a path that leads nowhere.
    return null;
  }
}
