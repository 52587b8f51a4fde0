import exit from "./exit_command.sh" with { type: "text" };
import { Failed } from "../../cli/errors.ts";
import { shellQuote } from "../../task/record.ts";
import { encode } from "./connection.ts";
import { LaunchShell } from "./launch_shell.ts";
import { cwdFor } from "./spawn.ts";
import type { ShimOptions } from "./shim.ts";

/** The longest exit command, in bytes: a variable cannot be longer (execve(2), MAX_ARG_STRLEN). */
const LONGEST = 131_000;

/** The shell that waits for the end of a task and then runs its exit command: see `exit_command.sh`. */
export class ExitCommand extends LaunchShell {
  /**
   * Starts the shell. In a session of its own, "kill 0" in the exit command signals no other process.
   *
   * @param command The exit command, as shell text.
   * @param workingDirectory The directory in which the exit command is run.
   * @throws {Failed} if the shell cannot be started, or the exit command is too long.
   */
  static start(
    { environment, variables, umask, directory, oomScore, end, place }: ShimOptions,
    command: string,
    workingDirectory: string,
  ): ExitCommand {
    const text = `cd ${shellQuote(workingDirectory)} 2>/dev/null || cd /\n${command}\n`;
    if (encode(text).length > LONGEST) {
      throw new Failed(`the exit command has more than ${LONGEST} bytes: put it into a file`);
    }
    return new ExitCommand("of the exit command", {
      role: "lanco-exit",
      script: [end + exit, String(oomScore ?? ""), place],
      environment,
      umask,
      options: {
        // Other processes cannot change it there, and can read it only if they may trace this one.
        env: { ...variables, lanco_script: text },
        ...cwdFor(directory),
      },
    });
  }

  /**
   * Lets the shell open a file.
   *
   * @param what The record of the run, from which it will read the exit status of the task, or the log
   * of the task for the output of the exit command.
   * @param path The directory of the run, or the task's descriptor of its log below /run/lanco/proc.
   * @throws {Failed} as `ready` does.
   */
  async open(what: "run" | "log", path: string): Promise<void> {
    await this.send(`${what} ${path}`);
    await this.ready();
  }

  /**
   * Tells the shell that the task is being started: from now on it waits for the end of the run.
   *
   * @param how By what it learns of the end: see `exit_command.sh`.
   */
  async wait(how: string): Promise<void> {
    await this.send(how);
    await this.release();
  }
}
