import { setFrozen } from "../cgroup/freezer.ts";
import type { Keeper, ShellsBeside } from "../keeper/keeper.ts";
import { removeWhenOpen } from "../keeper/reopening.ts";
import type { Namespace } from "../namespace/description.ts";
import {
  type CgroupsBeside,
  exitCommandCgroups,
  timeKeeperCgroups,
  trackingCgroup,
} from "../namespace/paths.ts";
import type { RunRecord } from "../task/record.ts";
import { DEFAULT_MANNER } from "../task/stop_manner.ts";
import type { LaunchOptions } from "./launch_options.ts";
import type { LogBounds } from "./log_bounds.ts";
import { descriptor } from "./open_file.ts";
import type { OutputFiles } from "./output_files.ts";
import type { RunFiles } from "./run_files.ts";
import type { ExitCommand } from "./shim/exit_command.ts";
import type { ShimOptions } from "./shim/shim.ts";
import type { TimeKeeper } from "./shim/time_keeper.ts";

/** What a run wants beside its shim. */
export type Wanted = Pick<LaunchOptions, "exitCommand" | "timeout" | "bound">;

/** Where a run writes. */
export interface Place {
  /** The directory in which its exit command is run. */
  directory: string;
  /** The files of its output. */
  output: OutputFiles;
}

/** The shells that stay with a run beside its shim: its exit command, what keeps its time limit, and what bounds its output. */
export class Attendants {
  private constructor(
    private readonly keeper: Keeper,
    private readonly namespace: Namespace,
    private readonly task: string,
    private readonly exit: ExitCommand | undefined,
    private readonly time: TimeKeeper | undefined,
    private readonly output: OutputFiles,
    private readonly bounds: LogBounds | undefined,
  ) {}

  /**
   * Starts those that are wanted.
   *
   * @throws {Failed} if one cannot be started.
   */
  static async start(
    { keeper, namespace, task }: { keeper: Keeper; namespace: Namespace; task: string },
    { exitCommand, timeout, bound }: Wanted,
    options: ShimOptions,
    { directory, output }: Place,
  ): Promise<Attendants> {
    const exit = exitCommand === undefined
      ? undefined
      : (await import("./shim/exit_command.ts")).ExitCommand.start(options, exitCommand, directory);
    let time: TimeKeeper | undefined;
    try {
      time = timeout === undefined
        ? undefined
        : (await import("./shim/time_keeper.ts")).TimeKeeper.start(options);
      const bounds = bound === undefined
        ? undefined
        : new (await import("./log_bounds.ts")).LogBounds(options, output, bound);
      return new Attendants(keeper, namespace, task, exit, time, output, bounds);
    } catch (error) {
      await exit?.abandon();
      await time?.abandon();
      throw error;
    }
  }

  /** Their process ids. */
  get pids(): ShellsBeside {
    return { exit: this.exit?.pid, time: this.time?.pid, beside: this.bounds?.pids ?? [] };
  }

  /** The path of the pipe by which the shim keeps the exit command waiting, if it does. */
  get held(): string {
    if (this.exit === undefined || this.keeper.exitWaits === "frozen") return "";
    return descriptor(this.exit.pid, 0);
  }

  /**
   * What the shim has to know of them: the path of the pipe that it locks, by which its end is told
   * to what keeps the time, or "-"; and words for the shells that bound the output.
   */
  get words(): string {
    const locked = this.time === undefined ? "-" : descriptor(this.time.pid, 0);
    return [locked, ...this.bounds?.handles ?? []].join(" ");
  }

  /** Waits until they can be moved. */
  async ready(): Promise<void> {
    await this.exit?.ready();
    await this.time?.ready();
    await this.bounds?.ready();
  }

  /** Lets the exit command open what it needs of the run. */
  async openRun(directory: string): Promise<void> {
    await this.exit?.open("run", directory);
  }

  /**
   * Lets them open the files of the task's output.
   *
   * @param child The process id of the task's first process, which has opened them.
   * @param files The record of the run.
   */
  async openOutput(child: number, files: RunFiles | undefined): Promise<void> {
    const { log } = this.output;
    if (log !== undefined) await this.exit?.open("log", log.descriptor(child));
    if (files !== undefined) await this.bounds?.open(this.output, child, files);
  }

  /**
   * Tells them that the task is being started: the exit command waits for the end of the run, and
   * the time begins.
   *
   * @param directory The directory of the record.
   * @param watched The cgroup that is there as long as the run, for hosts without a freezer.
   */
  async arm(
    { inode, shim, timeout, stop, pid, sinceBoot, run }: RunRecord,
    directory: string,
    { isFrozen, watched }: { isFrozen: boolean; watched: string },
  ): Promise<void> {
    await this.exit?.wait(this.#howToWait(inode, isFrozen, watched));
    await this.#armBounds(inode, watched, shim);
    if (timeout === undefined) return;
    const { registered } = timeKeeperCgroups(this.namespace, this.task, inode);
    await this.time?.arm({
      ...timeout,
      signal: stop?.signal ?? DEFAULT_MANNER.signal,
      main: stop?.main && pid !== null ? { pid, start: sinceBoot } : undefined,
      cgroup: trackingCgroup(this.namespace, this.task),
      file: `${directory}/timeout`,
      run,
      own: this.keeper.exitWaits === "pipe" ? registered : undefined,
    });
    await this.time?.release();
  }

  async #armBounds(inode: number, watched: string, shim: number): Promise<void> {
    const { keeper, namespace, task, bounds } = this;
    if (bounds === undefined) return;
    await bounds.watch(watched, shim, await keeper.setApart(namespace, task, inode, bounds.pids));
  }

  #howToWait(inode: number, isFrozen: boolean, watched: string): string {
    if (this.keeper.exitWaits === "pipe") {
      const { registered } = exitCommandCgroups(this.namespace, this.task, inode);
      return `hold ${registered} ${inode}`;
    }
    return isFrozen ? "go" : `watch ${watched} ${inode}`;
  }

  /** Ends them, and removes their cgroups, for the launch has failed. */
  async undo(inode: number): Promise<void> {
    await this.bounds?.abandon();
    if (this.exit !== undefined) {
      const cgroups = exitCommandCgroups(this.namespace, this.task, inode);
      if (cgroups.other !== undefined) setFrozen(cgroups.other, false);
      await this.exit.abandon();
      await this.#remove(cgroups);
    }
    if (this.time === undefined && this.bounds === undefined) return;
    await this.time?.abandon();
    await this.#remove(timeKeeperCgroups(this.namespace, this.task, inode));
  }

  async #remove({ registered, other }: CgroupsBeside): Promise<void> {
    if (other !== undefined) await removeWhenOpen(this.namespace, other);
    await removeWhenOpen(this.namespace, registered);
  }
}
