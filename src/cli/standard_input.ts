import { delay } from "./sleep.ts";

/** The most that is read by one call, in bytes. */
const BLOCK = 65_536;

/** The delays before an empty descriptor is read again, in milliseconds: the first, and the longest. */
const SHORT = 1, LONG = 32;

/** Yields the bytes of standard input. */
export async function* standardInput(): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(BLOCK);
  for (let count; (count = await readStandardInput(block)) !== null;) yield block.slice(0, count);
}

/**
 * Reads from standard input. Another process that shares the open file may have set O_NONBLOCK, and
 * the runtime reports EAGAIN as an error: standard input is polled then. A socket whose other end was
 * closed with answers unread reports ECONNRESET in the place of its end.
 *
 * @returns the number of bytes; null at the end of input.
 */
export async function readStandardInput(block: Uint8Array): Promise<number | null> {
  for (let wait = SHORT;; wait = Math.min(2 * wait, LONG)) {
    try {
      return await Deno.stdin.read(block);
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return null;
      const { WouldBlock, Interrupted } = Deno.errors;
      if (!(error instanceof WouldBlock || error instanceof Interrupted)) throw error;
      await delay(wait);
    }
  }
}
