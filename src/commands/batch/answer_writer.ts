import { Failed, reason } from "../../cli/errors.ts";
import { isUnread, writeMeanwhile } from "../../cli/standard_output.ts";
import type { WriteMode } from "../../cli/pending_output.ts";

/** How many characters may be queued before the batch takes no more requests. */
const FULL = 2 ** 20;

/** Writes lines to standard output in the background, so that a slow reader holds up no request. */
export class AnswerWriter {
  #queue: string[] = [];
  #length = 0;
  #writing: Promise<void> | undefined;
  readonly #gone = Promise.withResolvers<void>();
  #open = true;

  constructor(private readonly mode: WriteMode) {}

  /** Whether no write has failed yet. */
  get open(): boolean {
    return this.#open;
  }

  /** A promise that is resolved when the reader has closed the output, and rejected when a write fails. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Queues a line. */
  write(line: string): void {
    if (!this.#open) return;
    this.#queue.push(line);
    this.#length += line.length;
    this.#writing ??= this.#drain();
  }

  /** Waits until the queue has room. */
  async room(): Promise<void> {
    while (this.#open && this.#length > FULL) await this.#writing;
  }

  /** Waits until all lines are written, or a write has failed. */
  async end(): Promise<void> {
    await this.#writing;
  }

  async #drain(): Promise<void> {
    // Answers that are queued in the same turn of the event loop are written by the same call.
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
