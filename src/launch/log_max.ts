import { Usage } from "../cli/errors.ts";
import { parseSize } from "../cli/sizes.ts";

/** Heads of logs are dropped in multiples of this, in bytes: a block of any file system divides it. */
const UNIT = 65_536;

/** The least bound of a log, in bytes. */
export const LEAST_LOG = UNIT;

/** The most by which a log may grow over its bound before its head is dropped, in bytes. */
const LONGEST_STEP = 2 ** 20;

/** The greatest bound of a log, in bytes: ext4 has no greater files. */
const GREATEST_LOG = 2 ** 44;

/** Returns by how many bytes a log may grow over its bound before its head is dropped: a 64th, 64 KiB at least and 1 MiB at most. */
export function stepOf(most: number): number {
  const part = Math.floor(most / 64 / UNIT) * UNIT;
  return Math.min(LONGEST_STEP, Math.max(UNIT, part));
}

/**
 * Parses the value of `--log-max`.
 *
 * @param subject How a message names the option.
 * @returns the size in bytes; Infinity for "max".
 * @throws {Usage} if the text is no size, or the size is too small or too great.
 */
export function parseLogMax(text: string, subject: string): number {
  if (text === "max") return Infinity;
  const bytes = parseSize(text);
  if (Number.isNaN(bytes) || bytes > GREATEST_LOG) {
    throw new Usage(
      `${subject} needs a size such as 512M or 2G, 16T at most, or "max", not "${
        text.slice(0, 50)
      }"`,
    );
  }
  if (bytes < LEAST_LOG) throw new Usage(`${subject} needs at least 64K, not "${text}"`);
  return bytes;
}
