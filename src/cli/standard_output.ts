import { Failed, reason } from "./errors.ts";
import { sleepSync } from "./sleep.ts";
import { PendingOutput, type Way } from "./pending_output.ts";

/**
 * Writes a result to standard output, whole.
 *
 * @returns false if nobody reads it any more: `lanco web ls | head` has seen enough.
 * @throws {Failed} if it cannot be written, as on a full disk.
 */
export function toStandardOutput(result: string | Uint8Array, way: Way): boolean {
  const bytes = typeof result === "string" ? new TextEncoder().encode(result) : result;
  try {
    writeWhole(new PendingOutput(bytes, way), (piece) => Deno.stdout.writeSync(piece));
    return true;
  } catch (error) {
    if (isUnread(error)) return false;
    throw new Failed(`cannot write to standard output: ${reason(error)}`);
  }
}

/** Whether a write has failed because nobody reads any more: a socket may be reset before it is broken. */
export function isUnread(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset;
}

/** Writes, however long that takes. Whoever shares the descriptor may have made it non-blocking. */
export function writeWhole(rest: PendingOutput, write: (piece: Uint8Array) => number): void {
  while (!rest.isDone) {
    try {
      rest.took(write(rest.piece()));
    } catch (error) {
      sleepSync(rest.refused(error));
    }
  }
}

/** Writes to standard output; something else can be done meanwhile. */
export async function writeMeanwhile(bytes: Uint8Array, way: Way): Promise<void> {
  const rest = new PendingOutput(bytes, way);
  while (!rest.isDone) {
    try {
      rest.took(await Deno.stdout.write(rest.piece()));
    } catch (error) {
      const wait = rest.refused(error);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}
