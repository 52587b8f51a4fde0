import { delay } from "../../cli/sleep.ts";
import { encode } from "./connection.ts";
import { STEP_TIMEOUT, within } from "./deadline.ts";
import { EndedEarly } from "./ended_early.ts";
import { letLiveOn, spawn, type SpawnOptions } from "./spawn.ts";

/** How long the end of a shell that is killed is waited for, in milliseconds. */
const END_TIMEOUT = 1000;

/**
 * A shell that stays with a run beside its shim, in a session of its own. It is told what to do line
 * by line on its standard input, and answers on its standard output.
 */
export class LaunchShell {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;

  /**
   * Starts the shell.
   *
   * @param purpose What it does, for messages.
   * @param how What it runs, and the runtime's options beside those for its standard streams.
   * @throws {Failed} if it cannot be started.
   */
  constructor(
    private readonly purpose: string,
    { options, ...how }: Omit<SpawnOptions, "session" | "options"> & {
      options: Omit<Deno.CommandOptions, "stdin" | "stdout" | "stderr">;
    },
  ) {
    const streams = { stdin: "piped", stdout: "piped", stderr: "null" } as const;
    this.#process = spawn({ ...how, session: true, options: { ...options, ...streams } });
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.getReader();
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Returns what the shell says next.
   *
   * @throws {EndedEarly} if it has ended.
   * @throws {Failed} if it says nothing for 30 seconds.
   */
  async answer(): Promise<string> {
    const { done, value } = await within(STEP_TIMEOUT, this.#output.read());
    if (done) throw new EndedEarly(137, `the shell ${this.purpose}`);
    return new TextDecoder().decode(value).trim();
  }

  /** Waits until the shell has taken its next step. Throws as `answer` does. */
  async ready(): Promise<void> {
    await this.answer();
  }

  /** Sends a line. A shell that has ended is noticed by `answer`. */
  send(line: string): Promise<void> {
    return this.#input.write(encode(`${line}\n`)).catch(() => {});
  }

  /** Ends its input, and lets it live on when this process ends. */
  async release(): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel().catch(() => {});
    letLiveOn(this.#process);
  }

  /** Kills the shell, whose cgroup must have been thawed, and waits for its end. */
  async abandon(): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#input.abort().catch(() => {});
    await this.#output.cancel().catch(() => {});
    // The freezer of v1 delays SIGKILL until the cgroup is thawed (freezer-subsystem.rst).
    await Promise.race([this.#process.status, delay(END_TIMEOUT)]);
  }
}
