import { basename } from "@std/path/posix/basename";

/** The longest that a timer can take, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/**
 * How many changes the runtime holds for who is busy: it drops those that come then. When so
 * many have been heard of one after the other, some may be missing.
 */
const HELD = 16;

/** How long it takes to see that the runtime holds none, in milliseconds. */
const SETTLING = 2;

/** How often to look without being told, in milliseconds. */
export interface ChangesOptions {
  /** Where the kernel tells of changes: not every file system does. */
  pulse?: number;
  /** Where it does not, because the user has no inotify(7) instance left. */
  poll?: number;
}

/**
 * Wakes its caller when something has changed in files or directories, by inotify(7),
 * and now and then without a reason. Costs nothing while nothing changes.
 */
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
   * Watches this as well; what lies below a directory only to the first level.
   *
   * @returns what ends it.
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

  /** Whether the kernel tells of changes, and not all is looked at again and again. */
  get isTold(): boolean {
    return (this.#watchers?.size ?? 0) > 0;
  }

  async #listen(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind, paths } of watcher) {
        // Opened or closed, perhaps by the one who waits here.
        if (kind === "access") continue;
        this.#count += kind === "other" ? HELD : 1;
        if (this.#count < HELD) { for (const path of paths) this.#names.add(basename(path)); }
        this.wake();
      }
    } catch {
      // It was closed.
    }
  }

  /** Wakes the caller for a reason of somebody else's. */
  wake(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** Waits for the next change since the last call, at most so many milliseconds. */
  async next(atMost = Infinity): Promise<void> {
    if (!this.#changed) {
      const longest = Math.max(0, Math.min(this.#interval, atMost));
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      // Without an end there is no timer, which would wake this process.
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
   * The names of what has changed since the last call.
   *
   * @returns nothing if some may be missing, so that all has to be looked at.
   */
  async names(): Promise<ReadonlySet<string> | undefined> {
    for (let count = -1; this.#count !== count && this.#count < HELD;) {
      count = this.#count;
      await new Promise((resolve) => setTimeout(resolve, SETTLING));
    }
    const [names, all] = [this.#names, this.#count >= HELD || !this.isTold];
    [this.#names, this.#count] = [new Set(), 0];
    return all ? undefined : names;
  }

  /** Stops watching. */
  close(): void {
    for (const watcher of this.#watchers ?? []) watcher.close();
    this.#watchers?.clear();
  }
}
