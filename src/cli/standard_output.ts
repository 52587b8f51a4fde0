import { Failed, reason } from "./errors.ts";
import { delay, sleepSync } from "./sleep.ts";
import { PendingOutput, type WriteMode } from "./pending_output.ts";

/**
 * Writes a whole result to standard output, and blocks until it is written.
 *
 * @returns false if the reader has closed the output, as in `lanco web ls | head`.
 * @throws {Failed} if the result cannot be written, for example to a full disk.
 */
export function toStandardOutput(result: string | Uint8Array, mode: WriteMode): boolean {
  try {
    writeWhole(result, mode, Deno.stdout);
    return true;
  } catch (error) {
    if (isUnread(error)) return false;
    throw new Failed(`cannot write to standard output: ${reason(error)}`);
  }
}

/** Whether a write failed because the reader closed its end. A socket reports a reset before EPIPE. */
export function isUnread(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset;
}

/** Writes all of a text to standard error, if that is open, and blocks until it is written. */
export function toStandardError(text: string | Uint8Array): void {
  try {
    writeWhole(text, "direct", Deno.stderr);
  } catch {
    // Standard error is closed, and there is no other place for a message.
  }
}

/**
 * Writes all of an output, and blocks meanwhile. The descriptor may be non-blocking: another
 * process that shares the open file may have set O_NONBLOCK (fcntl(2)).
 */
function writeWhole(
  output: string | Uint8Array,
  mode: WriteMode,
  to: { writeSync(piece: Uint8Array): number },
): void {
  const bytes = typeof output === "string" ? new TextEncoder().encode(output) : output;
  const rest = new PendingOutput(bytes, mode);
  while (!rest.isDone) {
    try {
      rest.accepted(to.writeSync(rest.piece()));
    } catch (error) {
      sleepSync(rest.failed(error));
    }
  }
}

/** Writes all of the bytes to standard output, without blocking the program meanwhile. */
export async function writeMeanwhile(bytes: Uint8Array, mode: WriteMode): Promise<void> {
  const rest = new PendingOutput(bytes, mode);
  while (!rest.isDone) {
    try {
      rest.accepted(await Deno.stdout.write(rest.piece()));
    } catch (error) {
      await delay(rest.failed(error));
    }
  }
}
