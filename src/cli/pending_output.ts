/** What the kernel takes whole or not at all into a pipe, in bytes (pipe(7), PIPE_BUF). */
const ATOMIC = 4096;

/** The runtime's buffer before standard output, in bytes: Rust's LineWriter. */
const BUFFER = 1024;

/** How much goes by one call at most, in bytes. */
const MOST = 65_536;

/** How long to leave alone what is full, in milliseconds: at first, and at last. */
const SHORT = 1, LONG = 32;

const NEWLINE = 10;

/**
 * What the runtime does with the bytes of one call.
 *
 * - `direct` (standard error): it hands them to the kernel, and returns how many that took.
 * - `lines` (standard output): up to the last newline it hands them to the kernel, what that
 *   has not taken and what follows goes into a buffer, and the buffer is written out. If
 *   that fails, its error does not say how much is in the buffer, to be written by the next call.
 * - `pipe`: the same, where the kernel takes no more than 4,096 bytes in part.
 */
export type Way = "direct" | "lines" | "pipe";

/**
 * Bytes on their way to a descriptor that may be non-blocking. It is written to piece by
 * piece, and each piece is such that, should it be refused, it is known how much of it
 * will be written all the same: nothing is lost, and nothing repeated.
 */
export class PendingOutput {
  #sent = 0;
  #isBuffered = false;
  #wait = SHORT;

  constructor(private readonly bytes: Uint8Array, private readonly way: Way) {}

  /** Whether all has been written. */
  get isDone(): boolean {
    return !this.#isBuffered && this.#sent === this.bytes.length;
  }

  /** What to write next; nothing, if only the runtime's buffer is to be written out. */
  piece(): Uint8Array {
    return this.bytes.subarray(this.#sent, this.#isBuffered ? this.#sent : this.#end());
  }

  #end(): number {
    const { bytes, way } = this;
    const begin = this.#sent;
    if (way === "direct") return bytes.length;
    if (way === "pipe") {
      const newline = bytes.subarray(begin, begin + ATOMIC).lastIndexOf(NEWLINE);
      if (newline >= 0) return begin + newline + 1;
    }
    const newline = bytes.subarray(begin, begin + MOST).indexOf(NEWLINE);
    if (newline < 0) return Math.min(bytes.length, begin + MOST);
    // A newline goes alone: one byte is not taken in part.
    return Math.max(begin + 1, begin + newline);
  }

  /** Told that a call has returned, and how many bytes it took. */
  took(count: number): void {
    this.#isBuffered = false;
    this.#sent += count;
    this.#wait = SHORT;
  }

  /**
   * Told that a call has failed.
   *
   * @returns how many milliseconds to wait before the next one.
   * @throws the error, if it is another than that the descriptor is full.
   */
  refused(error: unknown): number {
    if (error instanceof Deno.errors.Interrupted) return 0;
    if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    const piece = this.piece();
    // What is short and has no newline has gone into the buffer before anything was written.
    if (this.way !== "direct" && piece.length < BUFFER && piece.at(-1) !== NEWLINE) {
      this.#sent += piece.length;
      this.#isBuffered = true;
    }
    const wait = this.#wait;
    this.#wait = Math.min(2 * wait, LONG);
    return wait;
  }
}
