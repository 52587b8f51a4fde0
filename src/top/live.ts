// The live view: what is on the screen follows from a state, and keys and samples change it.
import { LancoError, NotInitialised, reason } from "../cli/errors.ts";
import { type Signal, SIGNALS } from "../task/signals.ts";
import { decodeKeys, flushKeys } from "./keys.ts";
import type { Tail } from "../logs/log_tail.ts";
import {
  type Effect,
  type Event,
  label,
  nameOf,
  selectedTask,
  type State,
  update,
} from "./model.ts";
import type { Sample } from "./sampler.ts";
import { screen } from "./screen.ts";
import type { Style } from "../show/table.ts";
import type { Terminal } from "./terminal.ts";

/** What the live view asks of the world outside of its terminal; tests give their own. */
export interface World {
  /** Looks at the tasks. */
  sample(): Sample;
  /** The end of a log. */
  tail(log: string): Promise<Tail>;
  /** Stops that run of a task, or if it is over its exit command; at once, or after asking it. */
  stop(task: string, run: number, atOnce: boolean): Promise<void>;
  /** Holds a task, or lets it go on. */
  freeze(task: string, frozen: boolean): Promise<void>;
  /** Shows a log on the terminal, until its reader has seen enough or the signal comes. */
  page(log: string, enough: AbortSignal): Promise<void>;
  /** Lets the caller's shell have the terminal, until it gives it back. */
  suspend(): Promise<void>;
  /** Has a function called at each signal of a name. Returns how to have done with it. */
  onSignal(signal: Signal, handler: () => void): () => void;
}

/** How to show the tasks. */
export interface LiveOptions {
  terminal: Terminal;
  world: World;
  style: Style;
  /** The time between two looks at the tasks, in milliseconds. */
  interval: number;
}

/** The status after each signal that ends a program that does not mind it: 128 + n. */
const ENDS: readonly (readonly [Signal, number])[] = Object.entries(SIGNALS)
  .filter(([, name]) => /^SIG(TERM|INT|HUP|QUIT|USR1|USR2|ALRM)$/.test(name))
  .map(([number, name]) => [name, 128 + Number(number)]);

/** The status after the terminal has gone: as after SIGHUP, which may come too late. */
const GONE = 129;

/** How long to wait for the rest of an escape sequence, in milliseconds. */
const SEQUENCE_WAIT = 50;

/** When to look for the second time, in milliseconds: before that there is no CPU %. */
const SECOND_LOOK = 500;

/** How long it may be impossible to look before that is an error, in milliseconds. */
const DOUBT = 3000;

/** How the live view was left. */
export interface Left {
  /** The exit status: 0, or 128 + n after signal n. */
  status: number;
  /** The tasks that were still being stopped. */
  stopping: string[];
}

/**
 * Shows the tasks until its user leaves, or a signal or an error comes. However it
 * ends, the terminal is given back before.
 *
 * @throws {NotInitialised} if the namespace is released meanwhile.
 */
export async function live(state: State, options: LiveOptions): Promise<Left> {
  const view = new View(state, options);
  try {
    return await view.run();
  } finally {
    await view.close();
  }
}

/** Something to be done in its turn, one after the other. */
type Turn = () => void | Promise<void>;

class View {
  #left: Left | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failing: number | undefined;
  #seen = "";
  #isAway = false;
  #isReading = false;
  readonly #enough = new AbortController();
  readonly #turns: Turn[] = [];
  #wake: () => void = () => {};
  readonly #closers: (() => void)[] = [];

  constructor(private state: State, private readonly options: LiveOptions) {}

  async run(): Promise<Left> {
    const { terminal, world } = this.options;
    for (const [signal, status] of ENDS) {
      this.#listen(signal, () => this.#interrupt(signal, status));
    }
    this.#listen("SIGWINCH", () => this.#queue(() => terminal.invalidate()));
    // The shell may have changed the terminal meanwhile.
    this.#listen("SIGCONT", () => this.#queue(() => terminal.enter()));
    // Before the screen is taken: what is wrong from the start is a plain error.
    this.#apply({ type: "sample", sample: world.sample() });
    terminal.enter();
    this.#schedule(Math.min(SECOND_LOOK, this.options.interval));
    void this.#listenToKeys();
    while (this.#left === undefined) {
      for (let turn = this.#turns.shift(); turn; turn = this.#turns.shift()) await turn();
      if (this.#left !== undefined) break;
      this.#followLog();
      terminal.draw(screen(this.state, terminal.size(), this.options.style));
      if (this.#turns.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#left;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.options.terminal.leave();
    for (const close of this.#closers) close();
  }

  #listen(signal: Signal, handler: () => void): void {
    this.#closers.push(this.options.world.onSignal(signal, handler));
  }

  #interrupt(signal: Signal, status: number): void {
    // Typed for the pager, which is of the same job.
    if (this.#isAway && (signal === "SIGINT" || signal === "SIGQUIT")) return;
    this.#leave(status);
  }

  #queue(turn: Turn): void {
    this.#turns.push(turn);
    this.#wake();
  }

  #leave(status: number): void {
    this.#left ??= { status, stopping: [...this.state.stopping].map(nameOf) };
    this.#enough.abort();
    this.#wake();
  }

  #apply(event: Event): Effect | undefined {
    const { state, effect } = update(this.state, event);
    this.state = state;
    return effect;
  }

  #schedule(wait = this.options.interval): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#queue(() => this.#look()), wait);
  }

  /** Looks at the tasks. A namespace that is just being made or released gets more chances. */
  #look(): void {
    this.#schedule();
    try {
      this.#apply({ type: "sample", sample: this.options.world.sample() });
      this.#failing = undefined;
    } catch (error) {
      const since = this.#failing ??= performance.now();
      if (error instanceof NotInitialised || performance.now() - since > DOUBT) throw error;
      this.#schedule(Math.min(SECOND_LOOK, this.options.interval));
    }
  }

  /**
   * Has the end of the selected task's log read, if that may have changed. Waits for
   * no disk; only one read is under way, for that of a log elsewhere may never end.
   */
  #followLog(): void {
    const task = selectedTask(this.state);
    const seen = `${task?.name} ${task?.run} ${this.state.time}`;
    if (task === undefined || task.log === null || seen === this.#seen || this.#isReading) return;
    this.#seen = seen;
    this.#isReading = true;
    const finish = (turn: Turn) => {
      this.#isReading = false;
      this.#queue(turn);
    };
    this.options.world.tail(task.log).then(
      (tail) => finish(() => void this.#apply({ type: "log", task: task.name, tail })),
      (error) => finish(() => Promise.reject(error)),
    );
  }

  /** Reads keys, and never while something else does: a pager wants them for itself. */
  async #listenToKeys(): Promise<void> {
    let rest = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    for (;;) {
      const input = await this.options.terminal.read().catch(() => undefined);
      clearTimeout(timer);
      if (input === undefined) return this.#leave(GONE);
      const decoded = decodeKeys(rest + input);
      rest = decoded.rest;
      await new Promise<void>((done) =>
        this.#queue(async () => {
          for (const key of decoded.keys) await this.#press(key);
          done();
        })
      );
      timer = setTimeout(() =>
        this.#queue(async () => {
          const keys = flushKeys(rest);
          rest = "";
          for (const key of keys) await this.#press(key);
        }), SEQUENCE_WAIT);
    }
  }

  async #press(key: string): Promise<void> {
    const effect = this.#apply({ type: "key", key });
    try {
      if (effect !== undefined) await this.#do(effect);
    } catch (error) {
      this.#apply({ type: "message", text: messageOf(error) });
    }
  }

  async #do(effect: Effect): Promise<void> {
    const { terminal, world } = this.options;
    switch (effect.type) {
      case "quit":
        return this.#leave(effect.status);
      case "redraw":
        return terminal.invalidate();
      case "stop":
        return void this.#stop(effect);
      case "freeze":
        await world.freeze(effect.task, effect.frozen);
        return this.#look();
      case "page":
        return await this.#away(() => world.page(effect.log, this.#enough.signal));
      case "suspend":
        return await this.#away(() => world.suspend());
    }
  }

  async #stop({ id, task, run, atOnce }: Effect & { type: "stop" }): Promise<void> {
    let text = `${label({ id, task })} has been ${atOnce ? "killed" : "stopped"}`;
    try {
      await this.options.world.stop(task, run, atOnce);
    } catch (error) {
      text = messageOf(error);
    }
    this.#queue(() => {
      this.#apply({ type: "stopped", id, text });
      this.#look();
    });
  }

  /** Leaves the terminal to somebody else meanwhile. */
  async #away(meanwhile: () => Promise<void>): Promise<void> {
    const { terminal } = this.options;
    await terminal.leave();
    this.#isAway = true;
    try {
      await meanwhile();
    } finally {
      this.#isAway = false;
      if (this.#left === undefined) terminal.enter();
      this.#turns.push(() => this.#look());
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof LancoError ? error.message : `unexpected: ${reason(error)}`;
}
