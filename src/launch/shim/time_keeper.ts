import start from "./time_limit_start.sh" with { type: "text" };
import limit from "./time_limit.sh" with { type: "text" };
import { Failed } from "../../cli/errors.ts";
import { type Signal, SIGNALS } from "../../task/signals.ts";
import { delay } from "../../cli/sleep.ts";
import { encode } from "./connection.ts";
import { STEP_TIMEOUT, within } from "./deadline.ts";
import { letLiveOn, spawn } from "./spawn.ts";
import type { ShimOptions } from "./shim.ts";

/**
 * The text that stays in memory as long as the task runs: without comments, and without the prefix
 * of its variables, for the shell has no others.
 */
const TEXT = limit.replace(/^\s*#.*\n/gm, "").replace(/^\s+/gm, "")
  .replace(/\blanco_(?!text)/g, "");

/** What the shell that keeps the time is told. All times are in milliseconds. */
export interface TimeOrder {
  /** How long the run may take from now on. */
  after: number;
  /** How long it is given to end after the signal. */
  killAfter: number;
  /** The signal. */
  signal: Signal;
  /** The command's process and its start time since boot, if the signal is to go to it alone. */
  main: { pid: number; start: number | undefined } | undefined;
  /** The cgroup of the task. */
  cgroup: string;
  /** The file `timeout` of the run. */
  file: string;
  /** The id of the run. */
  run: string;
  /** The cgroup of the shell, if it is to remove that at the end. */
  own: string | undefined;
}

/** The shell that keeps the time limit of a run: see `time_limit.sh`. */
export class TimeKeeper {
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;

  private constructor(private readonly process: Deno.ChildProcess) {
    this.#input = process.stdin.getWriter();
    this.#output = process.stdout.getReader();
  }

  /**
   * Starts the shell, in a session of its own.
   *
   * @throws {Failed} if it cannot be started.
   */
  static start({ environment, umask, directory }: ShimOptions): TimeKeeper {
    const process = spawn({
      session: true,
      role: "lanco-time",
      script: [start, TEXT],
      environment,
      umask,
      options: {
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
        // The caller may not be permitted to enter the working directory of this process.
        ...(directory?.startsWith("/") ? { cwd: "/" } : {}),
      },
    });
    return new TimeKeeper(process);
  }

  /** The process id of the shell. */
  get pid(): number {
    return this.process.pid;
  }

  /**
   * Waits until the shell has taken its next step.
   *
   * @throws {Failed} if the shell has ended, or does not answer within 30 seconds.
   */
  async ready(): Promise<void> {
    const { done } = await within(STEP_TIMEOUT, this.#output.read());
    if (done) {
      throw new Failed("the shell that keeps the time limit was killed before the task's start");
    }
  }

  /**
   * Lets the time begin. From now on the shell needs nobody.
   *
   * @throws {Failed} as `ready` does.
   */
  async arm({ after, killAfter, signal, main, cgroup, file, run, own }: TimeOrder): Promise<void> {
    const number = Object.entries(SIGNALS).find(([, name]) => name === signal)?.[0] ?? "15";
    const start = main?.start === undefined ? "-" : String(Math.round(main.start / 10));
    const words = [
      ...[cgroup, file, run],
      ...[(hundredths(after) / 100).toFixed(2), hundredths(after), hundredths(killAfter), number],
      // The shell splits them at blanks: none is empty.
      ...[main?.pid ?? 0, start, "shim", "wait", own ?? "-"],
    ];
    await this.#input.write(encode(`${words.join(" ")}\n`)).catch(() => {});
    await this.ready();
  }

  /** Lets the shell live on when this process ends. */
  async release(): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    letLiveOn(this.process);
  }

  /** Kills the shell, and waits for its end. */
  async abandon(): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#input.abort().catch(() => {});
    await this.#output.cancel().catch(() => {});
    await Promise.race([this.process.status, delay(1000)]);
  }
}

function hundredths(milliseconds: number): number {
  return Math.ceil(milliseconds / 10);
}
