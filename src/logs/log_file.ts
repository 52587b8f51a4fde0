/** A log that has been opened, whatever becomes of its name. */
export interface LogFile {
  /** What tells it from another file of the same name. */
  readonly inode: number;
  /** Whose it is. */
  readonly uid: number;
  /** Leaves out all but the last lines; before anything was copied. */
  skipToLast(lines: number): Promise<void>;
  /** Goes back to the beginning, if the file has become shorter than what was read of it. */
  rewindIfTruncated(): Promise<boolean>;
  /**
   * Copies what follows, to the present end of the file.
   *
   * @param print Takes the bytes; says whether somebody still reads them.
   * @returns whether somebody still reads.
   */
  copy(print: (bytes: Uint8Array) => boolean): Promise<boolean>;
  /** Closes it. */
  close(): void;
}
