import start from "./time_limit_start.sh" with { type: "text" };
import limit from "./time_limit.sh" with { type: "text" };
import { numberOf, type Signal } from "../../task/signals.ts";
import { LaunchShell } from "./launch_shell.ts";
import { cwdFor } from "./spawn.ts";
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
export class TimeKeeper extends LaunchShell {
  /**
   * Starts the shell.
   *
   * @throws {Failed} if it cannot be started.
   */
  static start({ environment, umask, directory }: ShimOptions): TimeKeeper {
    const script = [start, TEXT] as const;
    const options = cwdFor(directory);
    const how = { role: "lanco-time", script, environment, umask, options } as const;
    return new TimeKeeper("that keeps the time limit", how);
  }

  /**
   * Lets the time begin. From now on the shell needs nobody.
   *
   * @throws {Failed} as `ready` does.
   */
  async arm({ after, killAfter, signal, main, cgroup, file, run, own }: TimeOrder): Promise<void> {
    const number = numberOf(signal);
    const start = main?.start === undefined ? "-" : String(Math.round(main.start / 10));
    const words = [
      ...[cgroup, file, run],
      ...[(hundredths(after) / 100).toFixed(2), hundredths(after), hundredths(killAfter), number],
      // The shell splits them at blanks: none is empty.
      ...[main?.pid ?? 0, start, "shim", "wait", own ?? "-"],
    ];
    await this.send(words.join(" "));
    await this.ready();
  }
}

function hundredths(milliseconds: number): number {
  return Math.ceil(milliseconds / 10);
}
