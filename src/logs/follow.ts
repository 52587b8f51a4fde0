import { unlessGone } from "../cgroup/cgroup.ts";
import { Changes } from "../task/changes.ts";
import { namedRoot } from "../namespace/namespace.ts";
import { visible } from "../namespace/paths.ts";
import type { LogFile } from "./log_file.ts";

/** How many files a log may have been rotated through before the oldest is let go. */
const HELD = 4;

/** How often to look for a log whose name is gone, in milliseconds. */
const SEARCH = 50;

/** Somebody who follows a log. */
export interface Reader {
  /** Takes the bytes; says whether somebody still reads them. */
  print(bytes: Uint8Array): boolean;
  /** Told what happens to the file. */
  notice(message: string): void;
  /** Opens the file that has the name now, if there is one. */
  open(): Promise<LogFile | undefined>;
}

/** A log that a task writes to, wherever its file is moved meanwhile. */
export class FollowedLog {
  /** The oldest first. The task goes on writing to the one it has opened. */
  readonly #files: LogFile[] = [];
  #missing = false;

  constructor(
    private readonly path: string,
    private readonly reader: Reader,
    first: LogFile | undefined,
  ) {
    if (first) this.#files.push(first);
  }

  /** Whether there has been a file of that name. */
  get isFound(): boolean {
    return this.#files.length > 0;
  }

  /**
   * What to watch beside the files so far; nothing if there is no file of that name.
   * Not the directory: the runtime opens whatever changes in what it watches, and
   * would wait for ever for a writer if that is a fifo.
   */
  get watched(): string | undefined {
    return this.#missing ? undefined : visible(this.path);
  }

  /**
   * Hands on what has been written since the last time.
   *
   * @returns whether somebody still reads, and whether there is something new to watch.
   */
  async advance(): Promise<{ read: boolean; moved: boolean }> {
    const moved = await this.#look();
    for (const file of this.#files) {
      if (await file.rewindIfTruncated()) {
        this.reader.notice(`the log "${this.path}" has been truncated`);
      }
      const read = await file.copy((bytes) => this.reader.print(bytes));
      if (!read) return { read, moved };
    }
    return { read: true, moved };
  }

  /** Opens the file that has the name now, if it is another one. Returns whether something is new. */
  async #look(): Promise<boolean> {
    const inode = inodeOf(this.path);
    if (inode === undefined) {
      if (!this.#missing && this.#files.length > 0) {
        this.reader.notice(`the log "${this.path}" is gone: its file is followed to the end`);
      }
      const changed = !this.#missing;
      this.#missing = true;
      return changed;
    }
    const returned = this.#missing;
    this.#missing = false;
    if (inode === this.#files.at(-1)?.inode) return returned;
    const file = await this.reader.open();
    if (file === undefined) return returned;
    this.#files.push(file);
    if (this.#files.length > HELD) this.#files.shift()?.close();
    return true;
  }

  /** Closes the files. */
  close(): void {
    for (const file of this.#files) file.close();
  }
}

function inodeOf(path: string): number | undefined {
  return unlessGone(() => Deno.statSync(visible(path)).ino ?? undefined, undefined);
}

/**
 * Follows a log until the task has ended and all of it has been read, or nobody
 * reads any more.
 *
 * @param ended Says whether the task has ended.
 */
export async function follow(
  namespace: string,
  log: FollowedLog,
  ended: () => boolean,
): Promise<void> {
  const changes = new Changes();
  try {
    changes.watch(namedRoot(namespace));
    const watches: (() => void)[] = [];
    for (let first = true;; first = false) {
      // Before the last look, or what was written between the two would be lost.
      const last = ended();
      const { read, moved } = await log.advance();
      if (last || !read) return;
      const { watched } = log;
      if (watched === undefined) {
        await changes.next(SEARCH);
      } else if (moved || first) {
        watches.push(changes.watch(watched));
        if (watches.length > HELD) watches.shift()?.();
        // And look again, for what happened before that.
      } else {
        await changes.next();
      }
    }
  } finally {
    changes.close();
    log.close();
  }
}
