import { inodeOf, unlessHidden } from "../cgroup/cgroup.ts";
import { delay } from "../cli/sleep.ts";
import { lastInit } from "../namespace/namespace.ts";
import { namedRoot, registered } from "../namespace/paths.ts";
import { Changes } from "./changes.ts";

/** Up to how many watches all of them are woken after each change and each pulse. */
const MANY = 100;

/** The interval in which more watches than that are woken without a change of their tasks, in milliseconds. */
const SELDOM = 10_000;

/** How long more watches than that rest after a change, for others will follow, in milliseconds. */
const REST = 5;

/** The watches for a task, and the inode of its registered cgroup when they were woken last. */
interface Waiting {
  watches: Set<EndWatch>;
  inode: number | undefined;
}

/** The interval of looks without a change while there are watches, in milliseconds. */
const PULSE = 1000;

/**
 * All watches of this process for the tasks of one namespace, which share an inotify(7) instance.
 * The instance is kept when there are no more watches, for the runtime does not forget a closed
 * one: it handles each later change once for every instance that there has ever been.
 */
class Watch {
  readonly #changes = new Changes({ pulse: Infinity });
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;
  #closed = false;

  constructor(
    private readonly namespace: string,
    /** The `init` that has made the namespace: another one makes another named hierarchy. */
    readonly init: number | null,
  ) {
    this.#changes.watch(namedRoot(namespace));
    this.#serve();
  }

  add(tasks: readonly string[], watch: EndWatch): void {
    // This starts the pulse.
    if (this.#count++ === 0) this.#changes.wake();
    for (const task of tasks) {
      const waiting = this.#waiting.get(task);
      if (waiting !== undefined) waiting.watches.add(watch);
      else this.#waiting.set(task, { watches: new Set([watch]), inode: this.#inodeOf(task) });
    }
  }

  remove(tasks: readonly string[], watch: EndWatch): void {
    for (const task of tasks) {
      const waiting = this.#waiting.get(task);
      if (waiting?.watches.delete(watch) && waiting.watches.size === 0) this.#waiting.delete(task);
    }
    if (--this.#count > 0) return;
    if (watches.get(this.namespace) === this) {
      if (this.#changes.isWatching && this.init !== null) return;
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
      // With few watches all are woken: each finds out changes that inotify does not report.
      const everybody = this.#count <= MANY || performance.now() >= all;
      if (everybody) all = performance.now() + SELDOM;
      for (const [task, waiting] of this.#waiting) {
        const inode = everybody ? waiting.inode : this.#inodeOf(task);
        if (!everybody && inode === waiting.inode) continue;
        waiting.inode = inode;
        for (const watch of waiting.watches) watch.wake();
      }
      if (!everybody) await delay(REST);
    }
  }

  /** Returns the inode of a registered cgroup; undefined if it cannot be seen, as while `release` takes the namespace away: each watch then finds out why. */
  #inodeOf(task: string): number | undefined {
    return unlessHidden(() => inodeOf(registered(this.namespace, task)), undefined);
  }
}

const watches = new Map<string, Watch>();

/** Waits for changes of certain tasks, such as their end. To be closed by the caller. */
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
