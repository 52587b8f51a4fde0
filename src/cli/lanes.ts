/**
 * Does much at once, but what concerns the same thing in the order in which it was asked
 * for.
 */
export class Lanes {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Does something when all is done that was asked for before it and has a key in common.
   *
   * @param act Given what lets go on those behind it, if that is before it is done.
   */
  async enter<T>(keys: readonly string[], act: (goOn: () => void) => Promise<T>): Promise<T> {
    const before = keys.map((key) => this.#last.get(key));
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const key of keys) this.#last.set(key, promise);
    await Promise.all(before);
    try {
      return await act(resolve);
    } finally {
      resolve();
      for (const key of keys) if (this.#last.get(key) === promise) this.#last.delete(key);
    }
  }
}

/** Lets a few pass at a time, the others in their order. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(width: number) {
    this.#free = width;
  }

  /** Does something when there is room for it. */
  async pass<T>(act: () => Promise<T> | T): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
