import { basename } from "@std/path/posix/basename";
import { delay } from "../cli/sleep.ts";

/** The longest time that a timer of the runtime can take, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/**
 * How many changes the runtime queues for a watcher: it drops further ones. After so many changes
 * in a row some may be missing.
 */
const HELD = 16;

/** How long no change must have come before the queue is taken for empty, in milliseconds. */
const SETTLING = 2;

/** After how many milliseconds `next` returns without a change. */
export interface ChangesOptions {
  /** The time while inotify(7) works. Not every file system reports all changes. */
  pulse?: number;
  /** The time when something cannot be watched, e.g. because the user has no inotify instance left. */
  poll?: number;
}

/** Waits for changes in files and directories by inotify(7). Uses no processor time meanwhile. */
export class Changes {
  #watchers: Set<Deno.FsWatcher> | undefined;
  readonly #poll: number;
  #interval: number;
  #changed = false;
  #names = new Set<string>();
  #count = 0;
  #wake: (() => void) | undefined;

  constructor({ pulse = 1000, poll = 50 }: ChangesOptions = {}) {
    this.#interval = pulse;
    this.#poll = poll;
  }

  /**
   * Watches one more file, or a directory and its entries.
   *
   * @returns a function that ends this watch.
   */
  watch(path: string): () => void {
    try {
      const watcher = Deno.watchFs(path, { recursive: false });
      const watchers = this.#watchers ??= new Set();
      watchers.add(watcher);
      this.#listen(watcher);
      return () => {
        if (watchers.delete(watcher)) watcher.close();
      };
    } catch {
      this.#interval = this.#poll;
      return () => {};
    }
  }

  /** Whether anything is watched by inotify; else `next` only polls. */
  get isWatching(): boolean {
    return (this.#watchers?.size ?? 0) > 0;
  }

  async #listen(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind, paths } of watcher) {
        // A file was opened or closed, perhaps by this process itself.
        if (kind === "access") continue;
        this.#count += kind === "other" ? HELD : 1;
        if (this.#count < HELD) { for (const path of paths) this.#names.add(basename(path)); }
        this.wake();
      }
    } catch {
      // The watcher was closed.
    }
  }

  /** Lets `next` return, as for a change. */
  wake(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** Waits for a change since the last call, at most a number of milliseconds. */
  async next(atMost = Infinity): Promise<void> {
    if (!this.#changed) {
      const longest = Math.max(0, Math.min(this.#interval, atMost));
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      // No timer is set if there is no deadline: it would wake this process in between.
      const timer = longest === Infinity
        ? undefined
        : setTimeout(resolve, Math.min(longest, LONGEST));
      await promise;
      clearTimeout(timer);
    }
    this.#wake = undefined;
    this.#changed = false;
  }

  /**
   * Returns the names of the files and directories that have changed since the last call.
   *
   * @returns undefined if names may be missing, so that any of them may have changed.
   */
  async names(): Promise<ReadonlySet<string> | undefined> {
    for (let count = -1; this.#count !== count && this.#count < HELD;) {
      count = this.#count;
      await delay(SETTLING);
    }
    const [names, all] = [this.#names, this.#count >= HELD || !this.isWatching];
    [this.#names, this.#count] = [new Set(), 0];
    return all ? undefined : names;
  }

  /** Stops watching. */
  close(): void {
    for (const watcher of this.#watchers ?? []) watcher.close();
    this.#watchers?.clear();
  }
}
