import { Usage } from "./errors.ts";

/** The least and the greatest value of a number. */
export interface Bounds {
  min?: number;
  max?: number;
}

/** Returns a function that parses a number of this form within the bounds. */
function parser(form: RegExp, wanted: string) {
  return (subject: string, text: string, { min = 0, max = 1e9 }: Bounds): number => {
    const number = Number(text);
    if (form.test(text) && number >= min && number <= max) return number;
    throw new Usage(`${subject} needs ${wanted} from ${min} to ${max}, not "${text}"`);
  };
}

/**
 * Parses the whole number that an option was given.
 *
 * @param subject How a message names the option.
 * @throws {Usage} if the text is no whole number, or not within the bounds.
 */
export const wholeNumber = parser(/^\d+$/, "a whole number");

/** Parses the seconds that an option was given, with or without a fraction, as `wholeNumber` does. */
export const seconds = parser(/^(\d+\.?\d*|\.\d+)$/, "seconds");

/**
 * Formats a number in the greatest of some units of which it is a multiple.
 *
 * @param otherwise The unit of a number that is a multiple of none.
 */
export function inUnits(
  number: number,
  units: Readonly<Record<string, number>>,
  otherwise = "",
): string {
  const [unit, factor] = Object.entries(units).findLast(([, factor]) => number % factor === 0) ??
    [otherwise, units[otherwise] ?? 1];
  return `${number / factor}${unit}`;
}
