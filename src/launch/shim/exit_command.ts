import prologue from "./prologue.sh" with { type: "text" };
import exit from "./exit_command.sh" with { type: "text" };
import { Failed } from "../../cli/errors.ts";
import { shellQuote } from "../../task/record.ts";
import { delay, encode } from "./connection.ts";
import { STEP_TIMEOUT, within } from "./deadline.ts";
import { spawn } from "./spawn.ts";
import type { ShimOptions } from "./shim.ts";

/** The longest exit command, in bytes: a variable can have no more (execve(2), MAX_ARG_STRLEN). */
const LONGEST = 131_000;

/** What waits for the end of a task to run its exit command, seen from `run`. See `exit.sh`. */
export class ExitCommand {
  readonly #word: WritableStreamDefaultWriter<Uint8Array>;
  readonly #said: ReadableStreamDefaultReader<Uint8Array>;

  private constructor(private readonly process: Deno.ChildProcess) {
    this.#word = process.stdin.getWriter();
    this.#said = process.stdout.getReader();
  }

  /**
   * Starts it, in a session of its own: "kill 0" in it reaches nobody else.
   *
   * @param command The command, for a shell.
   * @param place The directory in which it is run.
   * @throws {Failed} if there is no way to start it, or the command is too long.
   */
  static start(
    { environment, variables, umask, directory, oomScore }: ShimOptions,
    command: string,
    place: string,
  ): ExitCommand {
    const text = `cd ${shellQuote(place)} 2>/dev/null || cd /\n${command}\n`;
    if (encode(text).length > LONGEST) {
      throw new Failed(`the exit command has more than ${LONGEST} bytes: put it into a file`);
    }
    const process = spawn({
      session: true,
      shell: ["-c", prologue, "lanco", exit, String(oomScore ?? "")],
      environment,
      umask,
      options: {
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
        // Nobody can change it there; and only who may trace the process can read it.
        env: { ...variables, lanco_script: text },
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
   * Waits until it is ready for the next word.
   *
   * @throws {Failed} if it has ended, or does not answer.
   */
  async ready(): Promise<void> {
    const { done } = await within(STEP_TIMEOUT, this.#said.read());
    if (done) throw new Failed("what waits for the end of the task was killed before its start");
  }

  /**
   * Has it open what is on record of the run, for the status of the task.
   *
   * @param directory The directory of the run.
   * @throws {Failed} as `ready`.
   */
  async openRun(directory: string): Promise<void> {
    await this.#tell(`run ${directory}`);
    await this.ready();
  }

  /**
   * Has it open what a process of this user has open, for the output of the command.
   *
   * @param opened The descriptor below /run/lanco/proc.
   * @throws {Failed} as `ready`.
   */
  async openLog(opened: string): Promise<void> {
    await this.#tell(`log ${opened}`);
    await this.ready();
  }

  /**
   * Tells it that there is a task to wait for: from now on it will run when it is thawed.
   *
   * @param watched What to look at instead, where there is no freezer: a cgroup and its inode.
   */
  async wait(watched?: { cgroup: string; inode: number }): Promise<void> {
    await this.#tell(watched === undefined ? "go" : `watch ${watched.cgroup} ${watched.inode}`);
    await this.#word.close();
    await this.#said.cancel();
    this.process.unref();
  }

  #tell(word: string): Promise<void> {
    // That it has ended is told by what it does not say.
    return this.#word.write(encode(`${word}\n`)).catch(() => {});
  }

  /** Ends it; it must not be frozen any more. */
  async abandon(): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#word.abort().catch(() => {});
    await this.#said.cancel().catch(() => {});
    // What is frozen by v1 ends when it is thawed.
    await Promise.race([this.process.status, delay(1000)]);
  }
}
