/** The turn of a request, after all earlier requests that concern the same tasks. */
export interface Turn {
  /** A promise that is settled when the turn has come: all those requests have left. */
  readonly come: Promise<unknown>;
  /** Lets later requests that concern the same tasks begin. */
  leave(): void;
}

/** Keeps the order of requests that concern the same tasks. */
export class TaskOrder {
  readonly #last = new Map<string, Promise<void>>();
  /** Settled when the last request that may concern any task has left. */
  #lastOfAll: Promise<void> | undefined;

  /** Adds a request that concerns some tasks, and returns its turn. */
  enter(tasks: readonly string[]): Turn {
    const before = tasks.length === 0 ? undefined : this.#lastOfAll;
    const come = Promise.all([before, ...tasks.map((task) => this.#last.get(task))]);
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const task of tasks) this.#last.set(task, promise);
    const leave = () => {
      resolve();
      for (const task of tasks) if (this.#last.get(task) === promise) this.#last.delete(task);
    };
    return { come, leave };
  }

  /** Adds a request that may concern any task. Its turn comes after all requests before it that concern tasks. */
  enterAll(): Turn {
    const come = Promise.all([this.#lastOfAll, ...this.#last.values()]);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lastOfAll = promise;
    const leave = () => {
      resolve();
      if (this.#lastOfAll === promise) this.#lastOfAll = undefined;
    };
    return { come, leave };
  }
}
