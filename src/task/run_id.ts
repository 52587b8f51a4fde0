import type { Boot } from "../namespace/description.ts";
import { sinceBoot } from "./clock.ts";

/** The digits of Crockford's base 32, which sort as their values do. */
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

/** How many digits tell the time in milliseconds, what is random, and the boot. */
const TIME = 10, RANDOM = 12, BOOT = 4;

/** How many digits an id has. */
export const RUN_ID = TIME + RANDOM + BOOT;

/**
 * Makes the id of a run: a word of 26 digits, like a ULID. Those of one boot sort by time, for
 * that is reckoned from the boot, whatever becomes of the wall clock; none comes twice, and each
 * tells of which boot it is.
 *
 * @param after An id that it is to be greater than.
 * @param since The time since boot, in milliseconds.
 */
export function makeRunId({ id, at }: Boot, after = "", since = sinceBoot()): string {
  const now = Math.max(Math.round(at + since), after === "" ? 0 : timeOf(after) + 1);
  const random = crypto.getRandomValues(new Uint8Array(RANDOM));
  return digits(now, TIME) + Array.from(random, digit).join("") + bootDigits(id);
}

/** Whether a word can be the id of a run. */
export function isRunId(word: string): boolean {
  return word.length === RUN_ID && /^[0-9a-hjkmnp-tv-z]+$/.test(word);
}

/** Whether a run is of this boot. */
export function isOfBoot(run: string, boot: Boot): boolean {
  return run.endsWith(bootDigits(boot.id));
}

/** When a run was begun, by its id, in milliseconds since 1970: not known better than its boot is. */
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
