import { Failed, reason } from "../cli/errors.ts";
import { isUnread, writeMeanwhile } from "../cli/standard_output.ts";
import { standardOutputMode } from "../namespace/caller.ts";
import { namespaceDirectory, PROC } from "../namespace/paths.ts";
import { numberOf, type Signal } from "../task/signals.ts";
import { type Owner, spawnAsOwner } from "./spawn_as_owner.ts";

/** The signals that end root's command, and therefore the owner's process. */
export const ENDING: readonly Signal[] = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"];

/** The signals that the terminal's keys send. A pager on the terminal handles them itself. */
const KEYS: readonly Signal[] = ["SIGINT", "SIGQUIT"];

/** The signals that are only forwarded. */
const FORWARDED: readonly Signal[] = ["SIGWINCH", "SIGUSR1", "SIGUSR2"];

/** How long the process may go on after one of the ending signals, in milliseconds. */
const GRACE = 2000;

/** How long the kernel may take to end the process after SIGKILL, in milliseconds. */
const KILL_WAIT = 1000;

/** How often to check whether the process has been silent too long, in milliseconds. */
const TICK = 500;

/** How a process of the owner's ended. */
export interface Ending {
  /** Its exit status, or 128 + n if it died of signal n that root's command had received. */
  code?: number;
  /** A message about its end if it was killed in another way; else empty. */
  what: string;
  /** 128 + n if root's command received signal n. */
  signalled?: number;
}

/**
 * How the output of the process is handled: it inherits root's streams, or its standard output
 * is copied to root's, or dropped, or read by a function; with that it has an input, too.
 */
export type Output = "inherited" | "copied" | "dropped" | Reader;

/** Reads a stream of the process to its end. */
export type Reader = (output: AsyncIterable<Uint8Array>) => Promise<void>;

/**
 * A process in which root runs this executable again with the rights of a namespace's owner.
 * It gets root's signals. The owner can stop, kill or starve it; root's command therefore
 * kills it after a time of silence, and says so.
 */
export class OwnerProcess {
  /** All such processes that have not ended, in the order of their starts. */
  static readonly #all = new Set<OwnerProcess>();

  readonly #pid: number;
  readonly #lost = Promise.withResolvers<undefined>();
  readonly #listeners: [Signal, () => void][] = [];
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  /** For how many ticks the process has printed nothing. */
  #silent = 0;
  /** The reason for which this command killed the process; empty if it did not. */
  #killReason = "";
  /** The first ending signal that root's command received. */
  #endSignal: Signal | undefined;

  private constructor(
    private readonly owner: Owner,
    private readonly child: Deno.ChildProcess,
    private readonly output: Output,
    private readonly errors: Reader | undefined,
  ) {
    this.#pid = child.pid;
    OwnerProcess.#all.add(this);
    for (const signal of ENDING) this.#onSignal(signal, () => this.#endBy(signal));
    for (const signal of FORWARDED) this.#onSignal(signal, () => this.#send(signal));
    this.#onSignal("SIGTSTP", () => this.#suspend());
  }

  /**
   * Starts the process.
   *
   * @param args The arguments for this executable.
   * @param errors Reads standard error, which else is root's.
   * @throws {NotPermitted} if the owner may not execute this executable.
   * @throws {Failed} if no process of the owner's can be started.
   */
  static async start(
    owner: Owner,
    args: readonly string[],
    output: Output,
    errors?: Reader,
  ): Promise<OwnerProcess> {
    const input = typeof output === "function" ? "piped" : "null";
    const child = await spawnAsOwner(owner, args, {
      stdin: output === "inherited" ? "inherit" : input,
      stdout: output === "inherited" ? "inherit" : "piped",
      stderr: errors !== undefined ? "piped" : output === "dropped" ? "null" : "inherit",
    });
    return new OwnerProcess(owner, child, output, errors);
  }

  /** The standard input of the process, if a function reads its output. */
  get input(): WritableStream<Uint8Array> {
    return this.child.stdin;
  }

  /**
   * Waits until the process has ended, or has not died within a second of SIGKILL.
   *
   * @param patience After how much silence the process is killed, in milliseconds.
   * @returns how it ended.
   */
  async end(patience: number): Promise<Ending> {
    this.#timers.push(setInterval(() => this.#tick(patience), TICK));
    const ended = Promise.all([
      this.child.status,
      this.#takeOutput(),
      this.errors?.(this.child.stderr),
    ]).then(([status]) => status);
    // Once the process is given up, a failure to copy its output is of no interest.
    ended.catch(() => {});
    try {
      return this.#ending(await Promise.race([ended, this.#lost.promise]));
    } finally {
      OwnerProcess.#all.delete(this);
      for (const timer of this.#timers) clearTimeout(timer);
      for (const [signal, listener] of this.#listeners) {
        Deno.removeSignalListener(signal, listener);
      }
    }
  }

  #ending(status: Deno.CommandStatus | undefined): Ending {
    const endSignal = this.#endSignal;
    const signalled = endSignal === undefined ? {} : { signalled: statusOf(endSignal) };
    if (status !== undefined && (status.signal === null || status.signal === endSignal)) {
      return { code: status.code, what: "", ...signalled };
    }
    const how = this.#killReason === ""
      ? `was killed by ${status?.signal}`
      : `${this.#killReason} and was killed`;
    const held = status === undefined
      ? `: process ${this.#pid} is held, and will die when it is released`
      : "";
    const what = `the process that acted as ${this.owner.owner} for root ${how}${held}`;
    return { what, ...signalled };
  }

  /** Drops or copies the output, until its end or until nobody reads root's standard output. */
  async #takeOutput(): Promise<void> {
    if (this.output === "inherited") return;
    if (typeof this.output === "function") return await this.output(this.child.stdout);
    for await (const bytes of this.child.stdout) {
      // A slow reader of root's output is no silence of the process.
      if (this.output === "copied" && !await this.#notSilentDuring(forward(bytes))) return;
      this.#silent = 0;
    }
  }

  async #notSilentDuring<T>(wait: Promise<T>): Promise<T> {
    const timer = setInterval(() => this.#silent = 0, TICK);
    try {
      return await wait;
    } finally {
      clearInterval(timer);
    }
  }

  /** Counts ticks instead of reading a clock, for this process may itself be stopped for long. */
  #tick(patience: number): void {
    this.#silent++;
    if (this.#silent * TICK < patience) return;
    this.kill(`said nothing for ${patience / 1000} seconds`);
  }

  #onSignal(signal: Signal, listener: () => void): void {
    Deno.addSignalListener(signal, listener);
    this.#listeners.push([signal, listener]);
  }

  #endBy(signal: Signal): void {
    this.#send(signal);
    if (this.output === "inherited" && KEYS.includes(signal) && this.#hasPager()) return;
    this.#endSignal ??= signal;
    this.#timers.push(setTimeout(() => this.kill(`did not end by ${signal}`), GRACE));
  }

  #hasPager(): boolean {
    try {
      return Deno.readTextFileSync(`${PROC}/${this.#pid}/task/${this.#pid}/children`) !== "";
    } catch {
      return false;
    }
  }

  /**
   * Stops this process and all of the owner's, for the terminal's ^Z does not reach their
   * sessions. Each of them is told of it: only the first does it.
   */
  #suspend(): void {
    const [first] = OwnerProcess.#all;
    if (first !== this) return;
    for (const process of OwnerProcess.#all) process.#send("SIGSTOP");
    Deno.kill(Deno.pid, "SIGSTOP");
    for (const process of OwnerProcess.#all) process.#send("SIGCONT");
  }

  /** Kills the process. @param why The reason: a predicate for the message about its end. */
  kill(why: string): void {
    if (this.#killReason !== "") return;
    this.#killReason = why;
    this.#send("SIGKILL");
    this.#thaw();
    this.#timers.push(setTimeout(() => this.#lost.resolve(undefined), KILL_WAIT));
  }

  /**
   * Moves the process out of a frozen cgroup of v1, where the owner may have put it: there a
   * process does not die of SIGKILL.
   */
  #thaw(): void {
    const { namespace } = this.owner;
    for (const { name, version } of namespace?.hierarchies ?? []) {
      if (version !== 1 || !name.split(",").includes("freezer")) continue;
      const file = `${namespaceDirectory(namespace?.namespace ?? "")}/${name}/cgroup.procs`;
      try {
        Deno.writeTextFileSync(file, String(this.#pid), { create: false });
      } catch {
        // The process has ended, or the namespace was removed.
      }
    }
  }

  /**
   * Sends a signal to the process and its group. As the process is a child of this one, its
   * pid cannot have been given to another yet.
   */
  #send(signal: Signal): void {
    for (const target of [-this.#pid, this.#pid]) {
      try {
        return Deno.kill(target, signal);
      } catch {
        // The process has no group of its own yet, or has ended.
      }
    }
  }
}

/** Writes bytes to root's standard output. Returns false if nobody reads it any more. */
async function forward(bytes: Uint8Array): Promise<boolean> {
  try {
    await writeMeanwhile(bytes, standardOutputMode());
    return true;
  } catch (error) {
    if (isUnread(error)) return false;
    throw new Failed(`cannot write to standard output: ${reason(error)}`);
  }
}

/** Returns the exit status of a command that a signal ends: 128 + n for signal n. */
export function statusOf(signal: Signal): number {
  return 128 + numberOf(signal);
}
