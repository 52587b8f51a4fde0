/** PIPE_BUF, in bytes: the kernel writes no more than that to a pipe whole or not at all (pipe(7)). */
const ATOMIC = 4096;

/** The size of the buffer that the runtime has before standard output, in bytes (Rust's LineWriter). */
const BUFFER = 1024;

/** The most that is written by one call, in bytes. */
const MOST = 65_536;

/** The delays before a full descriptor is tried again, in milliseconds: the first, and the longest. */
const SHORT = 1, LONG = 32;

const NEWLINE = 10;

/**
 * How the runtime writes the bytes of one call.
 *
 * - `direct` (standard error): the runtime passes the bytes to the kernel, and returns how many
 *   the kernel took.
 * - `lines` (standard output): the runtime passes the bytes up to the last newline to the kernel.
 *   It puts the bytes that the kernel did not take, and those after the newline, into a buffer,
 *   and then writes the buffer. If that fails, the error does not say how many bytes are in the
 *   buffer, which the next call writes.
 * - `pipe`: as `lines`, but to a pipe, which takes a piece of at most `ATOMIC` bytes whole.
 */
export type WriteMode = "direct" | "lines" | "pipe";

/**
 * The bytes that are still to be written to a descriptor which may be non-blocking. They are
 * written piece by piece. Each piece is chosen so that, if its write fails with EAGAIN, it is
 * known how many of its bytes the runtime has in its buffer: none is lost, and none repeated.
 */
export class PendingOutput {
  #sent = 0;
  #isBuffered = false;
  #wait = SHORT;

  constructor(private readonly bytes: Uint8Array, private readonly mode: WriteMode) {}

  /** Whether all bytes have been written. */
  get isDone(): boolean {
    return !this.#isBuffered && this.#sent === this.bytes.length;
  }

  /** Returns the piece to write next; an empty one, if only the runtime's buffer is to be written. */
  piece(): Uint8Array {
    return this.bytes.subarray(this.#sent, this.#isBuffered ? this.#sent : this.#end());
  }

  #end(): number {
    const { bytes, mode } = this;
    const begin = this.#sent;
    if (mode === "direct") return bytes.length;
    if (mode === "pipe") {
      const newline = bytes.subarray(begin, begin + ATOMIC).lastIndexOf(NEWLINE);
      if (newline >= 0) return begin + newline + 1;
    }
    const newline = bytes.subarray(begin, begin + MOST).indexOf(NEWLINE);
    if (newline < 0) return Math.min(bytes.length, begin + MOST);
    // A newline is a piece of its own, because one byte is never written in part.
    return Math.max(begin + 1, begin + newline);
  }

  /** Takes note that a call has returned, and how many bytes it took. */
  accepted(count: number): void {
    this.#isBuffered = false;
    this.#sent += count;
    this.#wait = SHORT;
  }

  /**
   * Takes note that a call has failed.
   *
   * @returns how many milliseconds to wait before the next call.
   * @throws the error, unless the descriptor was full (EAGAIN) or the call interrupted (EINTR).
   */
  failed(error: unknown): number {
    if (error instanceof Deno.errors.Interrupted) return 0;
    if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    const piece = this.piece();
    // The runtime puts a short piece without a newline into its buffer before it writes.
    if (this.mode !== "direct" && piece.length < BUFFER && piece.at(-1) !== NEWLINE) {
      this.#sent += piece.length;
      this.#isBuffered = true;
    }
    const wait = this.#wait;
    this.#wait = Math.min(2 * wait, LONG);
    return wait;
  }
}
