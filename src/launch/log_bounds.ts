import { Failed, reason } from "../cli/errors.ts";
import { fileSizeLimit } from "../namespace/caller_limits.ts";
import { dropsFile, type OutputName } from "../task/drops.ts";
import type { Bound } from "./launch_options.ts";
import { stepOf } from "./log_max.ts";
import type { OutputFile, OutputFiles } from "./output_files.ts";
import type { RunFiles } from "./run_files.ts";
import { EndedEarly } from "./shim/ended_early.ts";
import { LogBound, type Way } from "./shim/log_bound.ts";
import type { ShimOptions } from "./shim/shim.ts";

/** The shells that keep the files of a run's output from growing, one for each file. */
export class LogBounds {
  readonly #shells: ReadonlyMap<OutputName, LogBound>;

  /**
   * Starts the shells.
   *
   * @param inherited What they inherit.
   * @throws {Failed} if one cannot be started.
   */
  constructor(
    inherited: Pick<ShimOptions, "environment" | "umask">,
    output: OutputFiles,
    private readonly bound: Bound,
  ) {
    const start = () => LogBound.start(inherited, bound.most);
    this.#shells = new Map(output.files.map(({ output }) => [output, start()]));
  }

  /** The process ids of the shells. */
  get pids(): number[] {
    return [...this.#shells.values()].map(({ pid }) => pid);
  }

  /** Words by which the shim finds the shells at the end of the run. */
  get handles(): string[] {
    return [...this.#shells.values()].map(({ handle }) => handle);
  }

  /** Waits until the shells are ready. Throws as `LogBound.ready` does. */
  async ready(): Promise<void> {
    for (const bound of this.#shells.values()) await bound.ready();
  }

  /**
   * Has the shells open the files, which the task has opened and which must be empty.
   *
   * @param child The process id of the task's first process.
   * @throws {Failed} if a file cannot be bounded.
   */
  async open(output: OutputFiles, child: number, files: RunFiles): Promise<void> {
    for (const file of output.files) {
      const bound = this.#shells.get(file.output);
      if (bound === undefined || !this.#isWorthIt(file)) continue;
      files.makeDrops(file.output);
      try {
        const opened = file.descriptor(child);
        this.#assertLimit(await bound.open(opened, dropsFile(files.directory, file.output)));
      } catch (error) {
        throw error instanceof EndedEarly ? error : refusal(file.path, reason(error));
      }
    }
  }

  /** Returns whether a file may be bounded: only one that has nothing of others is. */
  #isWorthIt({ path, identity, isRegular }: OutputFile): boolean {
    if (isRegular && identity?.size === 0) return true;
    // The task has been killed meanwhile.
    if (identity === undefined) return false;
    if (isRegular) {
      throw refusal(path, `it has ${identity.size} bytes of others, and could not be rotated`);
    }
    if (this.bound.demanded) throw refusal(path, "it is not a regular file");
    return false;
  }

  /** A limit of the caller's on the size of files is not to be hit because of what was dropped. */
  #assertLimit(way: Way): void {
    const limit = fileSizeLimit();
    if (limit === undefined) return;
    const { most } = this.bound;
    const what =
      `the caller's limit on the size of files (RLIMIT_FSIZE, "ulimit -f") is ${limit} bytes`;
    if (way === "punch") {
      throw new Failed(`${what}, and here the dropped part counts in the size: lift it`);
    }
    if (limit < most + stepOf(most)) throw new Failed(`${what}, which is less: raise it`);
  }

  /**
   * Tells the shells that the task is being started.
   *
   * @param registered The registered cgroup of the run.
   * @param shim The process id of its shim.
   * @param own The cgroup that they have to leave and to remove at their end, if they have to.
   */
  async watch(registered: string, shim: number, own: string | undefined): Promise<void> {
    for (const bound of this.#shells.values()) await bound.watch(registered, shim, own);
  }

  /** Ends the shells if the task is not started. */
  async abandon(): Promise<void> {
    for (const bound of this.#shells.values()) await bound.abandon();
  }
}

function refusal(path: string, why: string): Failed {
  return new Failed(`cannot keep "${path}" within --log-max: ${why}`);
}
