/** The turn of a request, after all earlier requests that concern the same tasks. */
export interface Turn {
  /** A promise that is settled when the turn has come: all those requests have left. */
  readonly come: Promise<unknown>;
  /** Lets later requests that concern the same tasks begin. */
  leave(): void;
}

/** Stands for any task: no name is empty. */
const ANY = "";

/** Keeps the order of requests that concern the same tasks. */
export class TaskOrder {
  /** Settled when the last request that concerns the task, or may concern any task, has left. */
  readonly #last = new Map<string, Promise<void>>();

  /** Adds a request that concerns some tasks, and returns its turn. */
  enter(tasks: readonly string[]): Turn {
    return this.#add(tasks, tasks.length === 0 ? [] : [ANY, ...tasks]);
  }

  /** Adds a request that may concern any task. Its turn comes after all requests before it that concern tasks. */
  enterAll(): Turn {
    return this.#add([ANY], this.#last.keys());
  }

  /** Adds a request for some keys, whose turn comes after the last requests for others. */
  #add(keys: readonly string[], after: Iterable<string>): Turn {
    const come = Promise.all(Array.from(after, (key) => this.#last.get(key)));
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const key of keys) this.#last.set(key, promise);
    const leave = () => {
      resolve();
      for (const key of keys) if (this.#last.get(key) === promise) this.#last.delete(key);
    };
    return { come, leave };
  }
}
