import { basename } from "@std/path/posix/basename";
import { unlessGone } from "../cgroup/cgroup.ts";
import { Failed, LancoError, reason } from "../cli/errors.ts";
import { limitBehind } from "../namespace/caller_limits.ts";
import type { Namespace } from "../namespace/description.ts";
import { runDirectory, runsDirectory } from "../namespace/paths.ts";
import { dropsFile, formatDrops, type OutputName } from "../task/drops.ts";
import { mark, unmark } from "../task/host_crash.ts";
import type { LaunchOptions } from "./launch_options.ts";
import type { OnceMark } from "./once_mark.ts";
import { formatRun, type RunRecord } from "../task/record.ts";
import { removeTree } from "../task/record_file.ts";
import type { LastRuns } from "../task/last_runs.ts";
import { lastRunId } from "../task/records.ts";
import { forgetOldest } from "../task/retention.ts";
import { makeRunId } from "../task/run_id.ts";
import { explainClosed } from "../keeper/reopening.ts";

/** Returns what a batch knows of the last runs of its namespace; undefined if the launch is of no batch. */
export async function lastRunsFor(
  { namespace }: Namespace,
  batch: LaunchOptions["batch"],
): Promise<LastRuns | undefined> {
  if (batch === undefined) return undefined;
  return (await import("../task/last_runs.ts")).lastRunsOf(namespace);
}

/**
 * Makes the id of the next run of a task. It is greater than the ids of all its runs before, also if
 * the clock of the process that made those was ahead. Only the launch that has registered the task
 * may call this.
 *
 * @param last What the process knows of last runs, if it launches many.
 */
export async function nextRun(
  { namespace, boot }: Namespace,
  task: string,
  last?: LastRuns,
): Promise<string> {
  const known = boot ?? (await import("../task/records_of_1_1.ts")).askBoot();
  return makeRunId(known, last === undefined ? lastRunId(namespace, task) : last.of(task));
}

/**
 * The record of a run that is being launched: a directory with the id of the run in its name. Only
 * the launch that has registered the task may make it.
 */
export class RunFiles {
  /** The path of the directory. */
  readonly directory: string;
  readonly #once: OnceMark | undefined;

  /**
   * Makes the directory, the status file in it and the mark of the run; for a run with a time limit
   * also the file in which it is told that this has ended the run. If the disk is full, old records
   * are removed.
   *
   * @param once The mark that stays, if the run is to be the only one of its task.
   * @param last Is told of the run.
   * @throws {Failed} if the record cannot be written.
   */
  constructor(
    private readonly namespace: Namespace,
    private readonly run: string,
    private readonly task: string,
    { isTimed, once, last }: {
      isTimed: boolean;
      once: OnceMark | undefined;
      last?: LastRuns | undefined;
    },
  ) {
    this.#once = once;
    this.directory = runDirectory(namespace.namespace, run, task);
    withRoom(namespace, () => Deno.mkdirSync(this.directory, { mode: 0o750 }));
    last?.made(task, run);
    // The status file is made here, for the shim would make it with the caller's umask. It is not
    // empty, so that space for the exit status is reserved even if the disk is full at the end.
    // By the id the shim recognises the file, which another process could replace by a link.
    try {
      this.#make("status", `${run}\n`);
      if (isTimed) this.#make("timeout", `${run}\n`);
      if (once === undefined) mark(namespace.namespace, run, task);
      else once.begin(run);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Makes the file that tells how much was dropped from a file of the run's output: nothing yet. */
  makeDrops(output: OutputName): void {
    const nothing = { removed: 0, hole: 0, cutting: 0 };
    this.#make(basename(dropsFile(this.directory, output)), formatDrops(this.run, nothing));
  }

  /** Writes `run.json`. The file gets its name by rename(2), so that readers see the whole record or none. */
  write(record: RunRecord): void {
    const text = formatRun(record);
    this.#make(".run.json", text, "run.json");
    this.#once?.complete(text);
  }

  #make(name: string, content: string, final = name): void {
    const path = `${this.directory}/${name}`;
    const bytes = new TextEncoder().encode(content);
    withRoom(this.namespace, () => {
      try {
        using file = Deno.openSync(path, { write: true, createNew: true, mode: 0o640 });
        for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
        if (final !== name) Deno.renameSync(path, `${this.directory}/${final}`);
      } catch (error) {
        // The record of a launch under way is removed by nobody but a later run of the name, which
        // can have the name only after this launch was killed.
        if (error instanceof Deno.errors.NotFound) {
          throw new Failed(`task ${this.task} was killed before its start`);
        }
        // A part of the file may have been written.
        if (isFull(error)) unlessGone(() => Deno.removeSync(path), undefined);
        throw error;
      }
    });
  }

  /** Removes the record and the mark of a run that was not started. */
  remove(): void {
    removeTree(this.directory);
    if (this.#once === undefined) unmark(this.namespace.namespace, this.run, this.task);
    else this.#once.remove();
  }
}

/** Calls `write`; if the disk is full, removes the oldest records and calls it again. */
function withRoom<T>(namespace: Namespace, write: () => T): T {
  try {
    try {
      return write();
    } catch (error) {
      if (!isFull(error) || !forgetOldest(namespace.namespace)) throw error;
      return write();
    }
  } catch (error) {
    throw explained(namespace, error);
  }
}

function explained(namespace: Namespace, given: unknown): unknown {
  const error = explainClosed(namespace, given);
  if (error instanceof LancoError) return error;
  const limit = limitBehind(error);
  if (limit !== undefined) return new Failed(`cannot write the record of the run: ${limit}`);
  if (!isFull(error)) return new Failed(`cannot write the record of the run: ${reason(error)}`);
  return new Failed(
    `cannot write the record of the run: No space left on device: forget records of "run --once", remove other files from ${
      runsDirectory(namespace.namespace)
    }, or give it more with "init --records"`,
  );
}

/** Returns whether an error means that the disk is full (ENOSPC, EDQUOT). */
function isFull(error: unknown): boolean {
  return /os error (28|122)\)/.test(reason(error));
}
