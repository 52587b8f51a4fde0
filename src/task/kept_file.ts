import { unlessGone } from "../cgroup/cgroup.ts";
import { openWithInfo, readText } from "./record_file.ts";
import { TICK } from "./run_names.ts";

/** How many files are kept, and the most bytes of one: a batch lives long, and the owner may write anything. */
const MANY = 1000, LONG = 4096;

/** What a file is, and when it was changed: what is parsed of it is the same as long as this is. */
type Stamp = Pick<Deno.FileInfo, "dev" | "ino" | "size"> & { changed: number };

/**
 * Returns a function that reads and parses a file that its owner may replace by any other kind of
 * file, as `readRecord` does. What was parsed is kept, and parsed again only if the file has changed: a
 * batch is asked for the same runs again and again. Nobody may change what is returned.
 *
 * @param longest The greatest length of the file, in bytes.
 * @param parse Parses the text of the file.
 * @returns the function; it returns undefined if there is no such file, and throws `BadRecord`, or an
 * error of `parse`, if lanĉo cannot have written the file.
 */
export function keptFile<T>(
  longest: number,
  parse: (text: string) => T,
): (path: string) => T | undefined {
  const files = new Map<string, Stamp & { parsed: T }>();
  return (path) => {
    const known = files.get(path);
    if (known !== undefined) {
      const now = stampAt(path);
      if (now !== undefined && isSame(known, now)) return known.parsed;
      files.delete(path);
    }
    const opened = unlessGone(() => openWithInfo(path), undefined);
    if (opened === undefined) return undefined;
    using file = opened.file;
    // As the file was before it is read, so that a change meanwhile is noticed the next time.
    const stamp = stampOf(opened.info);
    const parsed = parse(readText(file, longest));
    if (stamp.size <= LONG && Date.now() - stamp.changed > TICK) {
      const [oldest] = files.keys();
      if (oldest !== undefined && files.size >= MANY) files.delete(oldest);
      files.set(path, { ...stamp, parsed });
    }
    return parsed;
  };
}

/** Returns the stamp of a file; undefined if it has none, of which the reason is told when it is opened. */
function stampAt(path: string): Stamp | undefined {
  try {
    return stampOf(Deno.statSync(path));
  } catch {
    return undefined;
  }
}

function stampOf({ dev, ino, size, mtime }: Deno.FileInfo): Stamp {
  return { dev, ino, size, changed: mtime?.getTime() ?? 0 };
}

function isSame(a: Stamp, b: Stamp): boolean {
  return a.ino === b.ino && a.size === b.size && a.changed === b.changed && a.dev === b.dev;
}
