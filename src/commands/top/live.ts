// The live view: keys and samples change its state, and the screen is drawn from the state.
import { LancoError, NotInitialised, reason } from "../../cli/errors.ts";
import { type Signal, SIGNALS } from "../../task/signals.ts";
import { decodeKeys } from "./keys.ts";
import {
  type Effect,
  type Event,
  label,
  nameOf,
  selectedTask,
  type State,
  update,
} from "./model.ts";
import { screen } from "./screen.ts";
import type { Style } from "../../show/table.ts";
import type { Terminal } from "./terminal.ts";
import type { World } from "./world.ts";

/** The terminal, effects and appearance of a live view. */
export interface LiveOptions {
  terminal: Terminal;
  world: World;
  style: Style;
  /** The time between two samples, in milliseconds. */
  interval: number;
}

/** The signals that would end this program by default, and the exit status of each: 128 + n. */
const ENDS: readonly (readonly [Signal, number])[] = Object.entries(SIGNALS)
  .filter(([, name]) => /^SIG(TERM|INT|HUP|QUIT|USR1|USR2|ALRM)$/.test(name))
  .map(([number, name]) => [name, 128 + Number(number)]);

/** The exit status when the terminal has hung up: as for SIGHUP, which may come later. */
const HANGUP_STATUS = 129;

/** The longest wait for the rest of an escape sequence, in milliseconds. */
const SEQUENCE_WAIT = 50;

/** The time of the second sample, in milliseconds: CPU % needs two. */
const SECOND_SAMPLE = 500;

/** The time for which samples may fail before the live view ends, in milliseconds. */
const FAILURE_MAX = 3000;

/** The result of a live view. */
export interface Left {
  /** The exit status: 0, or 128 + n after signal n. */
  status: number;
  /** The names of the tasks that were still being stopped. */
  stopping: string[];
  /** Whether the user has quit by a key. */
  byKey: boolean;
}

/**
 * Shows the tasks until the user quits, a signal comes or an error occurs. The terminal is
 * restored in each case before this returns or throws.
 *
 * @throws {NotInitialised} if the namespace is released meanwhile.
 * @throws {Failed} if samples fail for some seconds, or the terminal cannot be written.
 */
export async function live(state: State, options: LiveOptions): Promise<Left> {
  const view = new View(state, options);
  try {
    return await view.run();
  } finally {
    await view.close();
  }
}

/** An action in the queue of a view: they are executed one after the other. */
type Action = () => void | Promise<void>;

class View {
  #left: Left | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When samples began to fail. */
  #failingSince: number | undefined;
  /** The task, its inode and the time of the log that was read last. */
  #logKey = "";
  /** Whether the pager or the caller's shell has the terminal. */
  #isAway = false;
  #isReadingLog = false;
  readonly #abort = new AbortController();
  readonly #actions: Action[] = [];
  #wake: () => void = () => {};
  readonly #closers: (() => void)[] = [];

  constructor(private state: State, private readonly options: LiveOptions) {}

  async run(): Promise<Left> {
    const { terminal, world } = this.options;
    for (const [signal, status] of ENDS) {
      this.#listen(signal, () => {
        // The user has typed ^C or ^\ in the pager, which is in the same process group.
        if (this.#isAway && (signal === "SIGINT" || signal === "SIGQUIT")) return;
        this.#leave(status);
      });
    }
    this.#listen("SIGWINCH", () => this.#queue(() => terminal.invalidate()));
    // While this program was suspended, the shell may have changed the terminal.
    this.#listen("SIGCONT", () => this.#queue(() => terminal.enter()));
    // Before the terminal is entered, so that an error is printed as by any other command.
    this.#apply({ type: "sample", sample: world.sample() });
    terminal.enter();
    this.#schedule(Math.min(SECOND_SAMPLE, this.options.interval));
    void this.#listenToKeys();
    while (this.#left === undefined) {
      for (let action = this.#actions.shift(); action; action = this.#actions.shift()) {
        await action();
      }
      if (this.#left !== undefined) break;
      this.#followLog();
      terminal.draw(screen(this.state, terminal.size(), this.options.style));
      if (this.#actions.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
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

  #queue(action: Action): void {
    this.#actions.push(action);
    this.#wake();
  }

  #leave(status: number, byKey = false): void {
    this.#left ??= { status, stopping: [...this.state.stopping].map(nameOf), byKey };
    this.#abort.abort();
    this.#wake();
  }

  #apply(event: Event): Effect | undefined {
    const { state, effect } = update(this.state, event);
    this.state = state;
    return effect;
  }

  #schedule(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#queue(() => this.#sample()), wait);
  }

  /** Takes a sample. While a namespace is being initialised or released, samples may fail. */
  #sample(): void {
    const begin = performance.now();
    try {
      this.#apply({ type: "sample", sample: this.options.world.sample() });
      this.#failingSince = undefined;
      // Samples of very many tasks must not use more than half of a processor.
      this.#schedule(Math.max(this.options.interval, performance.now() - begin));
    } catch (error) {
      const since = this.#failingSince ??= performance.now();
      if (error instanceof NotInitialised || performance.now() - since > FAILURE_MAX) throw error;
      this.#schedule(Math.min(SECOND_SAMPLE, this.options.interval));
    }
  }

  /**
   * Starts to read the end of the selected task's log, if it may have changed. Does not wait:
   * one read at a time is under way, and on some file systems it may never end.
   */
  #followLog(): void {
    const task = selectedTask(this.state);
    const key = `${task?.name} ${task?.inode} ${this.state.time}`;
    if (task === undefined || task.log === null) return;
    if (key === this.#logKey || this.#isReadingLog) return;
    this.#logKey = key;
    this.#isReadingLog = true;
    const finish = (action: Action) => {
      this.#isReadingLog = false;
      this.#queue(action);
    };
    this.options.world.tail(task.log).then(
      (tail) => finish(() => void this.#apply({ type: "log", task: task.name, tail })),
      (error) => finish(() => Promise.reject(error)),
    );
  }

  /** Reads keys. Does not read while an action runs: the keys may be for the pager. */
  async #listenToKeys(): Promise<void> {
    let rest = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    for (;;) {
      const input = await this.options.terminal.read().catch(() => undefined);
      clearTimeout(timer);
      if (input === undefined) return this.#leave(HANGUP_STATUS);
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
          if (rest === "") return;
          rest = "";
          await this.#press("escape");
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
        return this.#leave(effect.status, true);
      case "redraw":
        return terminal.invalidate();
      case "stop":
        return void this.#stop(effect);
      case "freeze":
        await world.freeze(effect.task, effect.frozen);
        return this.#sample();
      case "page":
        return await this.#away(() => world.page(effect.log, this.#abort.signal));
      case "suspend":
        return await this.#away(() => world.suspend());
    }
  }

  async #stop({ id, task, inode, atOnce }: Effect & { type: "stop" }): Promise<void> {
    let text = `${label({ id, task })} has been ${atOnce ? "killed" : "stopped"}`;
    try {
      await this.options.world.stop(task, inode, atOnce);
    } catch (error) {
      text = messageOf(error);
    }
    this.#queue(() => {
      this.#apply({ type: "stopped", id, text });
      this.#sample();
    });
  }

  /** Leaves the terminal to a pager or to the caller's shell, and enters it again. */
  async #away(action: () => Promise<void>): Promise<void> {
    const { terminal } = this.options;
    await terminal.leave();
    this.#isAway = true;
    try {
      await action();
    } finally {
      this.#isAway = false;
      if (this.#left === undefined) terminal.enter();
      this.#actions.push(() => this.#sample());
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof LancoError ? error.message : `unexpected: ${reason(error)}`;
}
