import text from "./log_bound.sh" with { type: "text" };
import { Failed } from "../../cli/errors.ts";
import { stepOf } from "../log_max.ts";
import { LaunchShell } from "./launch_shell.ts";
import type { ShimOptions } from "./shim.ts";

/** How the head of a file is dropped: its blocks are taken out of the file, or become a hole (fallocate(2)). */
export type Way = "collapse" | "punch";

/** The shell that keeps a file of a task's output from growing: see `log_bound.sh`. */
export class LogBound extends LaunchShell {
  #start = "";

  /**
   * Starts the shell.
   *
   * @param most The most bytes that are kept.
   * @throws {Failed} if the shell cannot be started.
   */
  static start(
    { environment, umask }: Pick<ShimOptions, "environment" | "umask">,
    most: number,
  ): LogBound {
    const script = [text, String(most), String(stepOf(most))] as const;
    const options = { cwd: "/", clearEnv: true, env: { PATH: "/usr/bin:/bin", LC_ALL: "C" } };
    const how = { role: "lanco-bound", script, environment, umask, options } as const;
    return new LogBound("that bounds the log", how);
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
  override async ready(): Promise<void> {
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
    await this.send(`open ${opened} ${drops}`);
    return await this.#answer("opened") === "collapse" ? "collapse" : "punch";
  }

  /**
   * Tells the shell that the task is being started: it goes on until the run is over, also when the
   * shim sends it a signal from now on.
   *
   * @param registered The registered cgroup of the run.
   * @param shim The process id of the shim.
   * @param own The cgroup that it has to leave and to remove at the end, if it has to.
   * @throws {Failed} as `ready` does.
   */
  async watch(registered: string, shim: number, own = "-"): Promise<void> {
    await this.send(`watch ${registered} ${shim} ${own}`);
    await this.#answer("watching");
    await this.release();
  }

  async #answer(word: string): Promise<string> {
    const [said, ...rest] = (await this.answer()).split(" ");
    if (said === word) return rest.join(" ");
    throw new Failed(rest.join(" "));
  }
}
