/** Limits how many actions run at the same time. The others wait, and begin in their order. */
export class ConcurrencyLimit {
  readonly #waiting: (() => void)[] = [];

  /** @param free How many may run. */
  constructor(private free: number) {}

  /** Runs an action as soon as fewer actions run than may. Returns its result. */
  async pass<T>(act: () => Promise<T> | T): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.free++;
      else next();
    }
  }
}
