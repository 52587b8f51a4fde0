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

  /** Adds a request that concerns some tasks, and returns its turn. */
  enter(tasks: readonly string[]): Turn {
    const come = Promise.all(tasks.map((task) => this.#last.get(task)));
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const task of tasks) this.#last.set(task, promise);
    const leave = () => {
      resolve();
      for (const task of tasks) if (this.#last.get(task) === promise) this.#last.delete(task);
    };
    return { come, leave };
  }
}
