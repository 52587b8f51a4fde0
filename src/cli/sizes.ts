import { Usage } from "./errors.ts";
import { inUnits } from "./numbers.ts";

/** The units of a size, in bytes. */
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};

/**
 * Parses a size such as `512M` or `2G`, or `50%` of another size.
 *
 * @param host The size that is 100%, in bytes; without it a percentage is no size.
 * @returns the size in bytes, rounded down; NaN if the text is no size.
 */
export function parseSize(text: string, host = NaN): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([KMGT]?|%)$/.exec(text.toUpperCase()) ?? [];
  // The division comes last, so that 100% is exactly the size of the host.
  const [factor = NaN, divisor] = unit === "%" ? [host, 100] : [UNITS[unit ?? "none"], 1];
  return Math.floor(Number(number) * factor / divisor);
}

/**
 * Parses the value of an option that is a size, as `parseSize` does.
 *
 * @param least The least size that is allowed, in bytes.
 * @returns the size in bytes.
 * @throws {Usage} if the text is no size, or the size less than the least.
 */
export function size(option: string, text: string, host: number, least = 1): number {
  const bytes = parseSize(text, host);
  if (bytes < least && least > 1) {
    throw new Usage(`option ${option} needs at least ${inUnits(least, UNITS)}, not "${text}"`);
  }
  if (!Number.isSafeInteger(bytes) || bytes < least) {
    throw new Usage(`option ${option} needs a size such as 512M, 2G or 50%, not "${text}"`);
  }
  return bytes;
}
