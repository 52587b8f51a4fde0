import script from "./log_bound.sh" with { type: "text" };
import { Failed } from "../../cli/errors.ts";
import { stepOf } from "../log_max.ts";
import { delay } from "../../cli/sleep.ts";
import { encode } from "./connection.ts";
import { STEP_TIMEOUT, within } from "./deadline.ts";
import type { CallerEnvironment } from "./environment.ts";
import { letLiveOn, spawn } from "./spawn.ts";

/** How the head of a file is dropped: its blocks are taken out of the file, or become a hole (fallocate(2)). */
export type Way = "collapse" | "punch";

/** The shell that keeps a file of a task's output from growing: see `log_bound.sh`. */
export class LogBound {
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  #start = "";

  private constructor(private readonly process: Deno.ChildProcess) {
    this.#input = process.stdin.getWriter();
    this.#output = process.stdout.getReader();
  }

  /**
   * Starts the shell, in a session of its own.
   *
   * @param most The most bytes that are kept.
   * @throws {Failed} if the shell cannot be started.
   */
  static start(environment: CallerEnvironment, umask: number, most: number): LogBound {
    const process = spawn({
      session: true,
      role: "lanco-bound",
      script: [script, String(most), String(stepOf(most))],
      environment,
      umask,
      options: {
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
        cwd: "/",
        clearEnv: true,
        env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
      },
    });
    return new LogBound(process);
  }

  /** The process id of the shell. */
  get pid(): number {
    return this.process.pid;
  }

  /** A word by which the shim finds the shell at the end of the run: see `shim.sh`. */
  get handle(): string {
    return `${this.pid}/${this.#start}`;
  }

  /**
   * Waits until the shell is ready.
   *
   * @throws {Failed} if it has ended, or does not answer within 30 seconds.
   */
  async ready(): Promise<void> {
    this.#start = await this.#answer("ready");
  }

  /**
   * Lets the shell open the file, and find out how its head can be dropped.
   *
   * @param opened The task's descriptor of the file, as a path below /run/lanco/proc.
   * @param drops The file in the record of the run that tells readers what was dropped.
   * @throws {Failed} if its head cannot be dropped; or as `ready` does.
   */
  async open(opened: string, drops: string): Promise<Way> {
    await this.#send(`open ${opened} ${drops}`);
    return await this.#answer("opened") === "collapse" ? "collapse" : "punch";
  }

  /**
   * Tells the shell that the task is being started: it goes on until the run is over.
   *
   * @param registered The registered cgroup of the run.
   * @param shim The process id of the shim.
   * @param own The cgroup that it has to leave and to remove at the end, if it has to.
   */
  async watch(registered: string, shim: number, own = "-"): Promise<void> {
    await this.#send(`watch ${registered} ${shim} ${own}`);
    await this.#input.close().catch(() => {});
    await this.#output.cancel().catch(() => {});
    letLiveOn(this.process);
  }

  async #answer(word: string): Promise<string> {
    const { value } = await within(STEP_TIMEOUT, this.#output.read());
    const [said, ...rest] = new TextDecoder().decode(value).trim().split(" ");
    if (said === word) return rest.join(" ");
    throw new Failed(
      said === "error"
        ? rest.join(" ")
        : "the shell that bounds the log was killed before the start",
    );
  }

  #send(request: string): Promise<void> {
    // A shell that has ended is noticed by `#answer`.
    return this.#input.write(encode(`${request}\n`)).catch(() => {});
  }

  /** Ends the shell, if the task is not started, and waits for its end. */
  async abandon(): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#input.abort().catch(() => {});
    await this.#output.cancel().catch(() => {});
    // The freezer of v1 delays SIGKILL until the cgroup is thawed (freezer-subsystem.rst).
    await Promise.race([this.process.status, delay(1000)]);
  }
}
