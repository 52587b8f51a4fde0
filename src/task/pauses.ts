import { unlessGone } from "../cgroup/cgroup.ts";
import { openRegular, openToAppend, unlessBad } from "./record_file.ts";

/** A pause or a resumption of a run: a line of the file `pauses` in the directory of the run. */
export interface Pause {
  /** Whether the task was paused or resumed. */
  what: "pause" | "resume";
  /** The time, in milliseconds since 1970. */
  at: number;
}

/** The number of digits of a time in that file: one with fewer was not written completely. */
const DIGITS = 15;

/** How much of that file is read at once, in bytes. */
const PAUSES_LENGTH = 2 ** 16;

/** How much of that file lanĉo writes at most between two looks at it, in bytes. */
const PAUSES_RECENT = 2 ** 20;

/**
 * Appends a line to the pauses of a run. A line feed comes first, too, for the line before may have
 * been cut off by its writer's limit on the size of files. A failure is ignored.
 */
export function writePause(directory: string, { what, at }: Pause): void {
  try {
    using file = openToAppend(`${directory}/pauses`);
    file.writeSync(new TextEncoder().encode(`\n${what} ${String(at).padStart(DIGITS, "0")}\n`));
  } catch {
    // The disk is full, or the directory is gone.
  }
}

/**
 * Reads some of the pauses of a run, the oldest first. If the file has grown by more than lanĉo
 * writes, for its owner can write anything there, only its end is read.
 *
 * @param from The offset in the file at which to begin, in bytes.
 * @returns the pauses, and the offset of the next ones, which is `from` if there are no more.
 */
export function readPauses(directory: string, from: number): { pauses: Pause[]; next: number } {
  let first = from;
  const read = () => {
    using file = openRegular(`${directory}/pauses`);
    first = Math.max(from, file.statSync().size - PAUSES_RECENT);
    file.seekSync(first, Deno.SeekMode.Start);
    const bytes = new Uint8Array(PAUSES_LENGTH);
    return bytes.subarray(0, file.readSync(bytes) ?? 0);
  };
  const bytes = unlessBad(() => unlessGone(read, undefined)) ?? new Uint8Array();
  // The rest after the last line feed is a line not complete yet, unless no line is so long.
  const end = bytes.lastIndexOf("\n".charCodeAt(0)) + 1 ||
    (bytes.length < PAUSES_LENGTH ? 0 : bytes.length);
  return {
    pauses: parsePauses(new TextDecoder().decode(bytes.subarray(0, end))),
    next: first + end,
  };
}

/** Parses the lines of the pauses of a run. Lines that lanĉo would not have written are skipped. */
export function parsePauses(text: string): Pause[] {
  return text.split("\n").flatMap((line): Pause[] => {
    const [, what, at] = /^(pause|resume) (\d{15})$/.exec(line) ?? [];
    return what === "pause" || what === "resume" ? [{ what, at: Number(at) }] : [];
  });
}
