import { Usage } from "./errors.ts";
import { type Bounds, inUnits } from "./numbers.ts";
import { type Option, value } from "./options.ts";

/** The units of a duration, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  "": 1000,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The longest time that an option about the past takes, in milliseconds: a hundred years. */
const LONGEST = 36_500 * 86_400_000;

/**
 * Parses a duration such as `90`, `90s`, `15m`, `2h` or `1.5d`; without a unit it is in seconds.
 *
 * @param subject How a message names the option.
 * @param bounds The least and the greatest duration, in milliseconds.
 * @returns the duration in milliseconds, rounded.
 * @throws {Usage} if the text is no duration, or not within the bounds.
 */
export function parseDuration(
  text: string,
  subject: string,
  { min, max }: Required<Bounds>,
): number {
  const [, number, unit = ""] = /^(\d{1,15}(?:\.\d{1,15})?)([smhd]?)$/.exec(text) ?? [];
  const milliseconds = Math.round(Number(number) * (UNITS[unit] ?? NaN));
  if (milliseconds >= min && milliseconds <= max) return milliseconds;
  const [least, most] = [min, max].map((bound) => inUnits(bound, UNITS, "s"));
  const given = text.slice(0, 50);
  throw new Usage(
    `${subject} needs a duration such as 90s, 15m or 2h, from ${least} to ${most}, not "${given}"`,
  );
}

/** Returns an option whose value is a duration; a request has it in milliseconds. */
export function period(
  spelling: string,
  about: string,
  bounds: Required<Bounds> = { min: 0, max: LONGEST },
): Option<number | undefined> {
  return value(
    spelling,
    about,
    ['a duration such as "15m", or a number of seconds', "text", "number"],
    (text, subject) => parseDuration(text, subject, bounds),
  );
}
