// What one answer may cost. Users fill files, directories and cgroups with whatever they like, and
// root and others read them: the functions that read call `spend`, and `withinBudget` sets a limit.
import { LancoError } from "./errors.ts";

/** How many bytes one answer may read: as many as the records of a namespace have room for by default. */
const BYTES = 32 * 2 ** 20;

/** How long one answer may take, in milliseconds: less than root waits for the process of an owner. */
const TIME = 10_000;

/** Status 1: what was asked for takes more reading than one answer may. */
export class OverBudget extends LancoError {
  constructor() {
    super("there is too much to read for one answer, and not all is told: ask for fewer tasks", 1);
  }
}

/** The answer that is being made. */
let current: { bytesLeft: number; deadline: number; isTruncated: boolean } | undefined;

/**
 * Calls a function, which must not wait, and limits what it reads and how long it takes.
 *
 * @param limits.bytes The most bytes that are read.
 * @param limits.time The longest time, in milliseconds.
 * @returns the result, and whether `each` has left something out.
 * @throws {OverBudget} if a limit is exceeded outside of `each`.
 */
export function withinBudget<T>(
  look: () => T,
  { bytes = BYTES, time = TIME } = {},
): { result: T; truncated: boolean } {
  const answer = { bytesLeft: bytes, deadline: performance.now() + time, isTruncated: false };
  const outer = current;
  current = answer;
  try {
    return { result: look(), truncated: answer.isTruncated };
  } finally {
    current = outer;
  }
}

/**
 * Counts bytes that were read for the present answer; to be called also where much time may pass.
 *
 * @throws {OverBudget} if it has read too much, or has taken too long.
 */
export function spend(bytes = 0): void {
  if (current === undefined) return;
  current.bytesLeft -= bytes;
  if (current.bytesLeft >= 0 && performance.now() < current.deadline) return;
  current.isTruncated = true;
  throw new OverBudget();
}

/** Returns what a function returns for each of the items, as far as the budget of the answer goes. */
export function each<T, R>(items: Iterable<T>, look: (item: T) => readonly R[]): R[] {
  const results: R[] = [];
  const isOver = () => current?.isTruncated === true;
  try {
    for (const item of items) {
      if (isOver()) break;
      const found = look(item);
      // What was found out of an item for which the budget was not enough may be wrong.
      if (!isOver()) results.push(...found);
    }
  } catch (error) {
    if (!isOver()) throw error;
  }
  return results;
}
