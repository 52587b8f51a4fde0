import prologue from "./prologue.sh" with { type: "text" };
import script from "./exit.sh" with { type: "text" };
import { Failed } from "../../cli/errors.ts";
import { PATIENCE, within } from "./patience.ts";
import { spawn } from "./spawn.ts";
import type { ShimOptions } from "./shim.ts";

/** What waits for the end of a task to run its exit command, seen from `run`. See `exit.sh`. */
export class ExitCommand {
  readonly #word: WritableStreamDefaultWriter<Uint8Array>;

  private constructor(private readonly process: Deno.ChildProcess) {
    this.#word = process.stdin.getWriter();
  }

  /** Starts it, in a session of its own: "kill 0" in it reaches nobody else. */
  static start(
    { runDirectory, environment, variables, umask, directory }: ShimOptions,
  ): ExitCommand {
    const process = spawn({
      session: true,
      shell: ["-c", prologue, "lanco", script, runDirectory],
      environment,
      umask,
      options: {
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
        env: variables,
        // As for the shim.
        ...(directory?.startsWith("/") ? { cwd: "/" } : {}),
      },
    });
    return new ExitCommand(process);
  }

  /** Its process id. */
  get pid(): number {
    return this.process.pid;
  }

  /**
   * Waits until it has what it needs of the record, and may be frozen.
   *
   * @throws {Failed} if it has ended, or does not answer.
   */
  async ready(): Promise<void> {
    const reader = this.process.stdout.getReader();
    const { done } = await within(PATIENCE, reader.read());
    await reader.cancel();
    if (done) throw new Failed("what waits for the end of the task was killed before its start");
  }

  /**
   * Tells it that there is a task to wait for: from now on it will run when it is thawed.
   *
   * @param watched What to look at instead, where there is no freezer: a cgroup and its inode.
   */
  async wait(watched?: { cgroup: string; run: number }): Promise<void> {
    const word = watched === undefined ? "go" : `watch ${watched.cgroup} ${watched.run}`;
    await this.#word.write(new TextEncoder().encode(`${word}\n`) as Uint8Array<ArrayBuffer>);
    await this.#word.close();
    this.process.unref();
  }

  /** Ends it; it must not be frozen any more. */
  async abandon(): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#word.abort().catch(() => {});
    await this.process.status;
  }
}
