/** A place behind all who came before and have a key in common. */
export interface Turn {
  /** Settled when those have left. */
  readonly come: Promise<unknown>;
  /** Lets those behind go on. */
  leave(): void;
}

/** Puts what comes in a row for each key. */
export class TaskOrder {
  readonly #last = new Map<string, Promise<void>>();

  /** Takes a place behind all who have taken theirs before it, in the row of each key. */
  enter(keys: readonly string[]): Turn {
    const come = Promise.all(keys.map((key) => this.#last.get(key)));
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const key of keys) this.#last.set(key, promise);
    const leave = () => {
      resolve();
      for (const key of keys) if (this.#last.get(key) === promise) this.#last.delete(key);
    };
    return { come, leave };
  }
}
