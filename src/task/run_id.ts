import type { Boot } from "../namespace/description.ts";
import { sinceBoot } from "./clock.ts";

/** The digits of Crockford's base 32, whose order as characters is that of their values. */
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

/** How many digits of an id are the time in milliseconds, random, and the boot. */
const TIME = 10, RANDOM = 12, BOOT = 4;

/** The number of digits of the id of a run. */
export const RUN_ID = TIME + RANDOM + BOOT;

/**
 * Makes the id of a run: a word of 26 digits, like a ULID. The ids of one boot sort by time, even
 * when the wall clock is set, for the time is counted from the boot. No id comes twice, and each
 * has four digits of the boot's id.
 *
 * @param boot The present boot.
 * @param after An id; the new id is greater.
 * @param since The time since boot, in milliseconds.
 */
export function makeRunId(boot: Boot, after = "", since = sinceBoot()): string {
  const now = Math.max(Math.round(boot.at + since), after === "" ? 0 : timeOf(after) + 1);
  const random = crypto.getRandomValues(new Uint8Array(RANDOM));
  return digits(now, TIME) + Array.from(random, digit).join("") + bootDigits(boot.id);
}

/** Returns whether a word has the form of the id of a run. */
export function isRunId(word: string): boolean {
  return word.length === RUN_ID && /^[0-9a-hjkmnp-tv-z]+$/.test(word);
}

/** Returns whether a run was started in a certain boot, by its id. */
export function isOfBoot(run: string, boot: Boot): boolean {
  return run.endsWith(bootDigits(boot.id));
}

/** Returns the time in the id of a run, in milliseconds since 1970. It is as exact as the time of the boot was known at `init`. */
export function timeOf(run: string): number {
  return [...run.slice(0, TIME)].reduce(
    (time, character) => time * 32 + DIGITS.indexOf(character),
    0,
  );
}

function bootDigits(id: string): string {
  return digits(parseInt(id.replaceAll("-", "").slice(-5), 16) || 0, BOOT);
}

function digits(value: number, length: number): string {
  let [text, rest] = ["", value];
  for (; text.length < length; rest = Math.floor(rest / 32)) text = digit(rest) + text;
  return text;
}

function digit(value: number): string {
  return DIGITS.charAt(value % 32);
}
