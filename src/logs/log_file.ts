import { Failed } from "../cli/errors.ts";

/** Status 1: the last lines of a log were not found in some seconds: it may be a sparse file. */
export class LinesNotFound extends Failed {
  constructor(lines: number) {
    super(`cannot find the last ${lines} lines of the log in ten seconds: show it without -n`);
  }
}

/** An open log file. It stays open when the file is renamed or removed. */
export interface LogFile {
  /** The inode, which tells the file from a later one of the same name. */
  readonly inode: number;
  /**
   * Has the first `copy` start at the last lines; to be called before it.
   *
   * @throws {LinesNotFound} if there is too much to read; or the first `copy` throws it.
   */
  skipToLast(lines: number): Promise<void>;
  /**
   * Goes back to the beginning if the file has become shorter than the present offset.
   *
   * @returns whether it has.
   */
  rewindIfTruncated(): Promise<boolean>;
  /**
   * Copies from the present offset to the end of the file.
   *
   * @param print Prints a block of bytes; returns false if the output has been closed.
   * @returns false if the output has been closed, or nothing more can be read.
   */
  copy(print: (bytes: Uint8Array) => boolean): Promise<boolean>;
  /** Closes the file. */
  close(): void;
}

/** An open log file that can be read anywhere. */
export interface WholeFile extends LogFile {
  /** The uid of the file's owner. */
  readonly uid: number;
  /** Reads up to so many bytes from an offset, which are none behind the end of the file. What `copy` copies next is not known afterwards. */
  readAt(offset: number, length: number): Promise<Uint8Array>;
  /** The size of the file, in bytes. */
  size(): Promise<number>;
}
