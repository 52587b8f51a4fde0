import { Failed, reason } from "./errors.ts";
import { pause } from "./pause.ts";

/** How long a full pipe that does not block is left alone, in milliseconds. */
const PAUSE = 1;

/**
 * Writes a result to standard output, whole.
 *
 * @returns false if nobody reads it any more: `lanco web ls | head` has seen enough.
 * @throws {Failed} if it cannot be written, as on a full disk.
 */
export function toStandardOutput(result: string | Uint8Array): boolean {
  const bytes = typeof result === "string" ? new TextEncoder().encode(result) : result;
  for (let sent = 0; sent < bytes.length;) {
    try {
      sent += Deno.stdout.writeSync(bytes.subarray(sent));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) return false;
      if (!(error instanceof Deno.errors.WouldBlock)) {
        throw new Failed(`cannot write to standard output: ${reason(error)}`);
      }
      // The caller has made the pipe non-blocking, for himself and so for us.
      pause(PAUSE);
    }
  }
  return true;
}
