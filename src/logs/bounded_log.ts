import type { Drops } from "../task/drops.ts";
import { LinesNotFound, type LogFile, type WholeFile } from "./log_file.ts";

/** The size of one read, in bytes. */
const BLOCK = 65_536;

/** How much is searched for the first whole line, in bytes. */
const LONGEST_LINE = 2 ** 20;

/** The pause before a file is read again of which something is being dropped, in milliseconds. */
const PAUSE = 5;

/** How long to wait for that: the shell that does it may have been killed, in milliseconds. */
const PATIENCE = 30_000;

const NEWLINE = 0x0a;

/** What a reader of a bounded file knows of it at one moment. */
interface Look<T> {
  /** What was dropped. */
  drops: Drops;
  /** What was read meanwhile. */
  value: T;
}

/**
 * A file of a task's output whose head is dropped while it is read: see `log_bound.sh`. A position is
 * the number of bytes that the run has written before it, and thus stays the same when the head is
 * taken out of the file.
 */
export class BoundedLog implements LogFile {
  #position = 0;
  /** Whether what comes next is the first that is printed, and has to begin with a whole line. */
  #atHead = true;

  /**
   * @param file The open file.
   * @param drops Returns what was dropped; undefined if that is not known any more.
   * @param notice Reports that something is not shown because it was dropped.
   */
  constructor(
    private readonly file: WholeFile,
    private readonly drops: () => Drops | undefined,
    private readonly notice: (message: string) => void,
  ) {}

  get inode(): number {
    return this.file.inode;
  }

  /** Reads something of the file, again if something was dropped meanwhile. */
  async #look<T>(read: (drops: Drops) => Promise<T>): Promise<Look<T>> {
    let last: Drops = { removed: 0, hole: 0, cutting: 0 };
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const drops = last = this.drops() ?? last;
      const isLate = performance.now() > deadline;
      if (drops.cutting === 0 || isLate) {
        const value = await read(drops);
        const after = this.drops() ?? last;
        if (isLate || isSame(drops, after)) return { drops, value };
      } else await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  /** Reads from a position, or from the first one that has not been dropped. */
  async #read(position: number, length = BLOCK): Promise<{ from: number; bytes: Uint8Array }> {
    const { value } = await this.#look(async ({ removed, hole }) => {
      const from = Math.max(position, removed + hole);
      return { from, bytes: await this.file.readAt(from - removed, length) };
    });
    return value;
  }

  /** The position of the end of the file. */
  async #end(): Promise<number> {
    const { drops, value } = await this.#look(() => this.file.size());
    return drops.removed + value;
  }

  async skipToLast(lines: number): Promise<void> {
    const deadline = performance.now() + 10_000;
    const end = await this.#end();
    let [position, remaining] = [end, lines];
    while (remaining > 0 && position > 0) {
      if (performance.now() > deadline) throw new LinesNotFound(lines);
      const begin = Math.max(0, position - BLOCK);
      const { from, bytes } = await this.#read(begin, position - begin);
      // What is before has been dropped: `copy` begins at the head.
      if (from >= position) return;
      for (let i = Math.min(bytes.length, position - from); remaining > 0;) {
        i = bytes.subarray(0, i).lastIndexOf(NEWLINE);
        if (i < 0) break;
        // A newline starts a line, except at the end of the file.
        if (from + i < end - 1 && --remaining === 0) {
          [this.#position, this.#atHead] = [from + i + 1, false];
          return;
        }
      }
      if (from > begin) return;
      position = from;
    }
    if (lines === 0) [this.#position, this.#atHead] = [end, false];
  }

  async rewindIfTruncated(): Promise<boolean> {
    const { drops, value } = await this.#look(() => this.file.size());
    if (this.#position <= drops.removed + value) return false;
    this.#position = drops.removed;
    return true;
  }

  async copy(print: (bytes: Uint8Array) => boolean): Promise<boolean> {
    for (;;) {
      const { from, bytes } = await this.#read(this.#position);
      if (bytes.length === 0) return true;
      if (from > this.#position && !this.#atHead) {
        this.notice(`${from - this.#position} bytes were dropped before they could be shown`);
      }
      const isCut = this.#atHead && from > 0;
      this.#position = from + bytes.length;
      this.#atHead = false;
      const shown = isCut ? await this.#fromWholeLine(from, bytes) : bytes;
      if (!print(shown)) return false;
    }
  }

  /** Returns what comes behind the rest of a line whose beginning was dropped; all of it if that line has no end. */
  async #fromWholeLine(from: number, bytes: Uint8Array): Promise<Uint8Array> {
    const start = bytes.indexOf(NEWLINE) + 1;
    for (let skipped = bytes.length; start === 0 && skipped < LONGEST_LINE;) {
      const next = await this.#read(from + skipped);
      const end = next.bytes.indexOf(NEWLINE) + 1;
      if (next.bytes.length === 0 || next.from !== from + skipped) break;
      if (end > 0) {
        this.#position = next.from + next.bytes.length;
        this.notice(droppedBefore(next.from + end));
        return next.bytes.subarray(end);
      }
      skipped += next.bytes.length;
    }
    this.notice(droppedBefore(from + start));
    return bytes.subarray(start);
  }

  close(): void {
    this.file.close();
  }
}

function droppedBefore(bytes: number): string {
  return `the first ${bytes} bytes of this output have been dropped: see run --log-max`;
}

function isSame(one: Drops, other: Drops): boolean {
  return one.removed === other.removed && one.hole === other.hole &&
    one.cutting === other.cutting;
}
