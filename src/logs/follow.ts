import { inodeOf } from "../cgroup/cgroup.ts";
import { Changes } from "../task/changes.ts";
import { namedRoot, visible } from "../namespace/paths.ts";
import type { LogFile } from "./log_file.ts";

/** The most rotated files of a log that are kept open. */
const MAX_FILES = 4;

/** How often to look for a log while no file has its name, in milliseconds. */
const SEARCH_INTERVAL = 50;

/** The output of a follower, and its access to the log. */
export interface Reader {
  /** Prints a block of bytes; returns false if the output has been closed. */
  print(bytes: Uint8Array): boolean;
  /** Reports that the log was truncated, renamed or removed. */
  notice(message: string): void;
  /** Opens the file that now has the log's name; undefined if there is none. */
  open(): Promise<LogFile | undefined>;
}

/** A log that is read while a task writes to it, also when the log is rotated meanwhile. */
export class FollowedLog {
  /** The open files, oldest first: a task goes on writing to a file that has been rotated. */
  readonly #files: LogFile[] = [];
  #isMissing = false;

  constructor(
    private readonly path: string,
    private readonly reader: Reader,
    first: LogFile | undefined,
  ) {
    if (first) this.#files.push(first);
  }

  /** Whether a file of the log's name has been found so far. */
  get isFound(): boolean {
    return this.#files.length > 0;
  }

  /**
   * The path to watch for changes; undefined if there is no file of the log's name.
   * It is not the directory: the runtime opens each changed file of a directory that it
   * watches, and would block for ever at a FIFO without a writer.
   */
  get watchPath(): string | undefined {
    return this.#isMissing ? undefined : visible(this.path);
  }

  /**
   * Prints the bytes that were written since the last call.
   *
   * @returns `isOpen`: false if the output has been closed; `isRenewed`: whether `watchPath`
   * has changed.
   */
  async advance(): Promise<{ isOpen: boolean; isRenewed: boolean }> {
    const isRenewed = await this.#findFile();
    for (const file of this.#files) {
      if (await file.rewindIfTruncated()) {
        this.reader.notice(`the log "${this.path}" has been truncated`);
      }
      const isOpen = await file.copy((bytes) => this.reader.print(bytes));
      if (!isOpen) return { isOpen, isRenewed };
    }
    return { isOpen: true, isRenewed };
  }

  /** Opens the file that now has the log's name, if it is another. Returns whether it changed. */
  async #findFile(): Promise<boolean> {
    const inode = inodeOf(visible(this.path));
    if (inode === undefined) {
      if (!this.#isMissing && this.#files.length > 0) {
        this.reader.notice(
          `the log "${this.path}" was renamed or removed: its file is followed to the end`,
        );
      }
      const wasThere = !this.#isMissing;
      this.#isMissing = true;
      return wasThere;
    }
    const wasMissing = this.#isMissing;
    this.#isMissing = false;
    if (inode === this.#files.at(-1)?.inode) return wasMissing;
    const file = await this.reader.open();
    if (file === undefined) return wasMissing;
    this.#files.push(file);
    if (this.#files.length > MAX_FILES) this.#files.shift()?.close();
    return true;
  }

  /** Closes all files. */
  close(): void {
    for (const file of this.#files) file.close();
  }
}

/**
 * Prints a log until the task has ended and all of its output is printed, or the output of
 * this program has been closed. Closes the log.
 *
 * @param hasEnded Returns whether the task has ended.
 */
export async function follow(
  namespace: string,
  log: FollowedLog,
  hasEnded: () => boolean,
): Promise<void> {
  const changes = new Changes();
  try {
    changes.watch(namedRoot(namespace));
    const watches: (() => void)[] = [];
    for (let first = true;; first = false) {
      // Asked before the log is read: output written between the two would be lost.
      const last = hasEnded();
      const { isOpen, isRenewed } = await log.advance();
      if (last || !isOpen) return;
      const { watchPath } = log;
      if (watchPath === undefined) {
        await changes.next(SEARCH_INTERVAL);
      } else if (isRenewed || first) {
        watches.push(changes.watch(watchPath));
        if (watches.length > MAX_FILES) watches.shift()?.();
        // Read again without waiting: the log may have grown before the watch began.
      } else {
        await changes.next();
      }
    }
  } finally {
    changes.close();
    log.close();
  }
}
