import { Failed, reason } from "../../cli/errors.ts";
import { isUnread, writeMeanwhile } from "../../cli/standard_output.ts";
import type { WriteMode } from "../../cli/pending_output.ts";

/** How much may wait to be read, in characters, before no more is asked for. */
const FULL = 2 ** 20;

/** Writes lines to standard output without waiting for who reads them. */
export class AnswerWriter {
  #queue: string[] = [];
  #length = 0;
  #writing: Promise<void> | undefined;
  readonly #gone = Promise.withResolvers<void>();
  #open = true;

  constructor(private readonly mode: WriteMode) {}

  /** Whether somebody reads them, as far as is known. */
  get open(): boolean {
    return this.#open;
  }

  /** Resolved when nobody reads any more, rejected when they cannot be written. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Writes a line when those before it have been. */
  write(line: string): void {
    if (!this.#open) return;
    this.#queue.push(line);
    this.#length += line.length;
    this.#writing ??= this.#drain();
  }

  /** Waits until there is not much that nobody has read. */
  async room(): Promise<void> {
    while (this.#open && this.#length > FULL) await this.#writing;
  }

  /** Waits until all has been read, or nobody reads. */
  async end(): Promise<void> {
    await this.#writing;
  }

  async #drain(): Promise<void> {
    // What else is answered in this turn goes with it.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0) {
        const bytes = new TextEncoder().encode(this.#queue.join(""));
        const length = this.#length;
        this.#queue = [];
        await writeMeanwhile(bytes, this.mode);
        this.#length -= length;
      }
    } catch (error) {
      this.#open = false;
      if (isUnread(error)) this.#gone.resolve();
      else this.#gone.reject(new Failed(`cannot write to standard output: ${reason(error)}`));
    }
    this.#writing = undefined;
  }
}
