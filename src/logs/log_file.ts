/** An open log file. It stays open when the file is renamed or removed. */
export interface LogFile {
  /** The inode, which tells the file from a later one of the same name. */
  readonly inode: number;
  /** The uid of the file's owner. */
  readonly uid: number;
  /** Has the first `copy` start at the last lines; to be called before it. */
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
