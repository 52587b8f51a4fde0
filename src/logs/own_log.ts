import { openRegular } from "../task/record_file.ts";
import type { LogFile } from "./log_file.ts";

/** How much is read at once, in bytes. */
const BLOCK = 65_536;

/** A log where this program itself may read. */
export class OwnLog implements LogFile {
  readonly inode: number;
  readonly uid: number;
  readonly #file: Deno.FsFile;

  constructor(path: string) {
    // A fifo or a terminal would never end.
    this.#file = openRegular(path);
    const { ino, uid } = this.#file.statSync();
    this.inode = ino ?? 0;
    this.uid = uid ?? 0;
  }

  skipToLast(lines: number): Promise<void> {
    this.#file.seekSync(startOfLastLines(this.#file, lines), Deno.SeekMode.Start);
    return Promise.resolve();
  }

  rewindIfTruncated(): Promise<boolean> {
    const truncated = this.#file.statSync().size < this.#file.seekSync(0, Deno.SeekMode.Current);
    if (truncated) this.#file.seekSync(0, Deno.SeekMode.Start);
    return Promise.resolve(truncated);
  }

  copy(print: (bytes: Uint8Array) => boolean): Promise<boolean> {
    const block = new Uint8Array(BLOCK);
    let read = true;
    for (let length = this.#file.readSync(block); read && length !== null;) {
      read = print(block.subarray(0, length));
      if (read) length = this.#file.readSync(block);
    }
    return Promise.resolve(read);
  }

  close(): void {
    this.#file.close();
  }
}

/** Where the last lines of a file begin, in bytes; a last line without an end counts. */
export function startOfLastLines(file: Deno.FsFile, lines: number): number {
  const { size } = file.statSync();
  if (lines === 0) return size;
  const block = new Uint8Array(BLOCK);
  let missing = lines;
  for (let end = size; end > 0;) {
    const begin = Math.max(0, end - BLOCK);
    file.seekSync(begin, Deno.SeekMode.Start);
    const length = fill(file, block.subarray(0, end - begin));
    for (let i = length - 1; i >= 0; i--) {
      // The one at the very end ends the last line, and begins none.
      if (block[i] === 0x0a && begin + i < size - 1 && --missing <= 0) return begin + i + 1;
    }
    end = begin;
  }
  return 0;
}

function fill(file: Deno.FsFile, bytes: Uint8Array): number {
  let length = 0;
  while (length < bytes.length) {
    const more = file.readSync(bytes.subarray(length));
    if (more === null) break;
    length += more;
  }
  return length;
}
