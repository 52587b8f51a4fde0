import { namedRoot } from "../namespace/namespace.ts";
import { registeredTasks } from "./task.ts";

/** How often to look without being told, in milliseconds: the kernel tells, but not of everything. */
const PULSE = 1000;

/** The same where many wait, for whom looking would be work. */
const SLOW_PULSE = 10_000;

/** How long after a change to look for others that were not told of, in milliseconds. */
const SWEEP = 5;

/** How many are many. */
const MANY = 100;

/** How often to look where the user has no inotify(7) instance left, in milliseconds. */
const POLL = 50;

/** The longest that a timer can take, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Wakes one who waits for something to become of certain tasks. */
export interface Bell {
  /**
   * Waits for the next change since the last call, at most so many milliseconds, or
   * until the signal comes.
   */
  next(atMost: number, signal?: AbortSignal): Promise<void>;
  /** Ends it. */
  close(): void;
}

/** All in this process who wait for tasks of a namespace: they share one inotify(7) instance. */
class Watch {
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #watcher: Deno.FsWatcher | undefined;
  #count = 0;
  #sweeping: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly namespace: string) {
    try {
      this.#watcher = Deno.watchFs(namedRoot(namespace), { recursive: false });
      this.#listen(this.#watcher);
    } catch {
      // They look for themselves.
    }
    this.#pulse();
  }

  add(tasks: readonly string[], wake: () => void): void {
    this.#count++;
    for (const task of tasks) {
      let waiting = this.#waiting.get(task);
      if (waiting === undefined) this.#waiting.set(task, waiting = new Set());
      waiting.add(wake);
    }
  }

  remove(tasks: readonly string[], wake: () => void): void {
    for (const task of tasks) {
      const waiting = this.#waiting.get(task);
      if (waiting?.delete(wake) && waiting.size === 0) this.#waiting.delete(task);
    }
    if (--this.#count > 0) return;
    clearTimeout(this.#timer);
    clearTimeout(this.#sweeping);
    this.#watcher?.close();
    watches.delete(this.namespace);
  }

  async #listen(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind, paths } of watcher) {
        // Opened or closed, perhaps by one who waits here.
        if (kind === "access") continue;
        for (const path of paths) {
          const task = /\/task-([^/]+)$/.exec(path)?.[1];
          if (task === undefined) this.#wakeAll();
          else this.#wake(task);
        }
        this.#sweeping ??= setTimeout(() => this.#sweep(), SWEEP);
      }
    } catch {
      // It was closed.
    }
  }

  /** The runtime drops what it cannot deliver at once: so a word of one is a word of all. */
  #sweep(): void {
    this.#sweeping = undefined;
    let listed: Set<string>;
    try {
      listed = new Set(registeredTasks(namedRoot(this.namespace)));
    } catch {
      return this.#wakeAll();
    }
    for (const task of this.#waiting.keys()) if (!listed.has(task)) this.#wake(task);
  }

  #wake(task: string): void {
    for (const wake of this.#waiting.get(task) ?? []) wake();
  }

  #wakeAll(): void {
    for (const task of this.#waiting.keys()) this.#wake(task);
  }

  #pulse(): void {
    const pulse = this.#count > MANY ? SLOW_PULSE : PULSE;
    this.#timer = setTimeout(() => {
      this.#wakeAll();
      this.#pulse();
    }, this.#watcher === undefined ? POLL : pulse);
  }
}

const watches = new Map<string, Watch>();

/** Begins to hear of what becomes of tasks of a namespace. */
export function bell(namespace: string, tasks: readonly string[]): Bell {
  let watch = watches.get(namespace);
  if (watch === undefined) watches.set(namespace, watch = new Watch(namespace));
  let changed = false;
  let resume: (() => void) | undefined;
  const wake = () => {
    changed = true;
    resume?.();
  };
  watch.add(tasks, wake);
  return {
    async next(atMost, signal) {
      if (!changed && !signal?.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        resume = resolve;
        signal?.addEventListener("abort", resolve as () => void);
        const timer = atMost === Infinity
          ? undefined
          : setTimeout(resolve, Math.min(Math.max(0, atMost), LONGEST));
        await promise;
        clearTimeout(timer);
        signal?.removeEventListener("abort", resolve as () => void);
      }
      resume = undefined;
      changed = false;
    },
    close: () => watch.remove(tasks, wake),
  };
}
