import { readParsed } from "./record_file.ts";

/** The files of a task's output: its log, and that of its standard error if it has one of its own. */
export const OUTPUTS = ["log", "stderr"] as const;

/** A file of a task's output. */
export type OutputName = typeof OUTPUTS[number];

/** How much has been dropped from the head of a file that `run --log-max` bounds: see `log_bound.sh`. */
export interface Drops {
  /** How many bytes were taken out of the file. */
  removed: number;
  /** How many bytes at the head of what is left are a hole. */
  hole: number;
  /** How many bytes are just being taken out, or were about to be when the shell that does it was killed. */
  cutting: number;
}

/** The length of that line, in bytes. */
const LENGTH = 100;

/** Returns the path of the line in the record of a run that tells how much was dropped. */
export function dropsFile(directory: string, output: OutputName): string {
  return `${directory}/dropped-${output}`;
}

/** Returns the line for a run of which nothing was dropped yet. */
export function formatDrops(run: string, { removed, hole, cutting }: Drops): string {
  return [run, ...[removed, hole, cutting].map((bytes) => String(bytes).padStart(16, "0"))]
    .join(" ") + "\n";
}

/** Parses such a line. Returns undefined if it is none. */
export function parseDrops(text: string): Drops | undefined {
  const [, removed, hole, cutting] = /^[0-9a-z]+ (\d{16}) (\d{16}) (\d{16})\n$/.exec(text) ?? [];
  if (removed === undefined || hole === undefined || cutting === undefined) return undefined;
  return { removed: Number(removed), hole: Number(hole), cutting: Number(cutting) };
}

/**
 * Returns how much has been dropped from a file of a run.
 *
 * @param directory The directory of the run.
 * @returns undefined if the file is not bounded.
 */
export function readDrops(directory: string, output: OutputName): Drops | undefined {
  return readParsed(dropsFile(directory, output), LENGTH, parseDrops);
}
