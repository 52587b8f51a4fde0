import { unlessGone } from "../cgroup/cgroup.ts";
import { lastInit } from "../namespace/namespace.ts";
import { namedRoot, registered } from "../namespace/paths.ts";
import { Changes } from "./changes.ts";

/** How many may wait before all of them are woken less often. */
const MANY = 100;

/** How often all are woken then, in milliseconds. */
const SELDOM = 10_000;

/** How long to do nothing then after a change, in milliseconds: others will follow. */
const REST = 5;

/** Those who wait for a task, and the number of its run when they were told last. */
interface Waiting {
  watches: Set<EndWatch>;
  run: number | null;
}

/** How often to look without being told as long as somebody waits, in milliseconds. */
const PULSE = 1000;

/**
 * All in this process who wait for tasks of a namespace: they share one inotify(7) instance.
 * It is kept when nobody waits, for the runtime never forgets one that was closed, and
 * looks at each change once for all that there have ever been.
 */
class Watch {
  readonly #changes = new Changes({ pulse: Infinity });
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;
  #closed = false;

  constructor(
    private readonly namespace: string,
    /** Which init has made the namespace: what is watched goes with it. */
    readonly init: number | null,
  ) {
    this.#changes.watch(namedRoot(namespace));
    this.#serve();
  }

  add(tasks: readonly string[], watch: EndWatch): void {
    // From now on it looks by itself, too.
    if (this.#count++ === 0) this.#changes.wake();
    for (const task of tasks) {
      const waiting = this.#waiting.get(task);
      if (waiting !== undefined) waiting.watches.add(watch);
      else this.#waiting.set(task, { watches: new Set([watch]), run: this.#runOf(task) });
    }
  }

  remove(tasks: readonly string[], watch: EndWatch): void {
    for (const task of tasks) {
      const waiting = this.#waiting.get(task);
      if (waiting?.watches.delete(watch) && waiting.watches.size === 0) this.#waiting.delete(task);
    }
    if (--this.#count > 0) return;
    if (watches.get(this.namespace) === this) {
      if (this.#changes.isTold && this.init !== null) return;
      watches.delete(this.namespace);
    }
    this.#closed = true;
    this.#changes.close();
    this.#changes.wake();
  }

  async #serve(): Promise<void> {
    for (let all = 0;;) {
      await this.#changes.next(this.#count > 0 ? PULSE : Infinity);
      if (this.#closed) return;
      if (this.#count === 0) continue;
      // What the kernel does not tell of they find out by themselves.
      const everybody = this.#count <= MANY || performance.now() >= all;
      if (everybody) all = performance.now() + SELDOM;
      for (const [task, waiting] of this.#waiting) {
        const run = everybody ? waiting.run : this.#runOf(task);
        if (!everybody && run === waiting.run) continue;
        waiting.run = run;
        for (const watch of waiting.watches) watch.wake();
      }
      if (!everybody) await new Promise((resolve) => setTimeout(resolve, REST));
    }
  }

  #runOf(task: string): number | null {
    return unlessGone(() => Deno.statSync(registered(this.namespace, task)).ino, null);
  }
}

const watches = new Map<string, Watch>();

/** Wakes one who waits for something to become of certain tasks. */
export class EndWatch extends Changes {
  readonly #watch: Watch;

  constructor(namespace: string, private readonly tasks: readonly string[]) {
    super({ pulse: Infinity });
    const init = lastInit(namespace);
    let watch = watches.get(namespace);
    if (watch?.init !== init || watch === undefined) {
      watches.set(namespace, watch = new Watch(namespace, init));
    }
    this.#watch = watch;
    watch.add(tasks, this);
  }

  override close(): void {
    this.#watch.remove(this.tasks, this);
  }
}
