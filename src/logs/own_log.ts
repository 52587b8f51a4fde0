import { OverBudget, spend, withinBudget } from "../cli/budget.ts";
import { fill, openRegular } from "../task/record_file.ts";
import { LinesNotFound, type WholeFile } from "./log_file.ts";

/** The size of one read, in bytes. */
const BLOCK = 65_536;

/** A log below the directories that the executable is compiled to read. */
export class OwnLog implements WholeFile {
  readonly inode: number;
  readonly uid: number;
  readonly #file: Deno.FsFile;

  constructor(path: string) {
    // To read from a FIFO or a terminal would block.
    this.#file = openRegular(path);
    const { ino, uid } = this.#file.statSync();
    this.inode = ino ?? 0;
    this.uid = uid ?? 0;
  }

  skipToLast(lines: number): Promise<void> {
    try {
      const { result: start } = withinBudget(() => startOfLastLines(this.#file, lines), {
        bytes: Infinity,
      });
      this.#file.seekSync(start, Deno.SeekMode.Start);
    } catch (error) {
      throw error instanceof OverBudget ? new LinesNotFound(lines) : error;
    }
    return Promise.resolve();
  }

  rewindIfTruncated(): Promise<boolean> {
    const truncated = this.#file.statSync().size < this.#file.seekSync(0, Deno.SeekMode.Current);
    if (truncated) this.#file.seekSync(0, Deno.SeekMode.Start);
    return Promise.resolve(truncated);
  }

  copy(print: (bytes: Uint8Array) => boolean): Promise<boolean> {
    const block = new Uint8Array(BLOCK);
    let isOpen = true;
    for (let length = this.#file.readSync(block); isOpen && length !== null;) {
      isOpen = print(block.subarray(0, length));
      if (isOpen) length = this.#file.readSync(block);
    }
    return Promise.resolve(isOpen);
  }

  readAt(offset: number, length: number): Promise<Uint8Array> {
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    const block = new Uint8Array(length);
    return Promise.resolve(block.subarray(0, fill(this.#file, block)));
  }

  size(): Promise<number> {
    return Promise.resolve(this.#file.statSync().size);
  }

  close(): void {
    this.#file.close();
  }
}

/**
 * Returns the offset, in bytes, at which the last lines of a file begin. A last line without
 * a newline counts as a line.
 *
 * @throws {OverBudget} if that takes longer than an answer may, as for a sparse file.
 */
export function startOfLastLines(file: Deno.FsFile, lines: number): number {
  const { size } = file.statSync();
  if (lines === 0) return size;
  const block = new Uint8Array(BLOCK);
  let remaining = lines;
  for (let end = size; end > 0;) {
    const begin = Math.max(0, end - BLOCK);
    file.seekSync(begin, Deno.SeekMode.Start);
    spend();
    const length = fill(file, block.subarray(0, end - begin));
    for (let i = length; (i = block.subarray(0, i).lastIndexOf(0x0a)) >= 0;) {
      // A newline starts a line, except at the end of the file.
      if (begin + i < size - 1 && --remaining <= 0) return begin + i + 1;
    }
    end = begin;
  }
  return 0;
}
