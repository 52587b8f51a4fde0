import { unlessGone } from "../cgroup/cgroup.ts";
import { Failed, LancoError, reason } from "../cli/errors.ts";
import { limitBehind } from "../namespace/caller_limits.ts";
import type { Namespace } from "../namespace/description.ts";
import { runDirectory, runsDirectory } from "../namespace/paths.ts";
import { mark, unmark } from "../task/marks.ts";
import { formatRun, type RunRecord } from "../task/record.ts";
import { removeTree } from "../task/record_file.ts";
import { listRuns } from "../task/records.ts";
import { forgetOldest } from "../task/retention.ts";
import { makeRunId } from "../task/run_id.ts";
import { explainClosed } from "./reopening.ts";

/**
 * An id for the next run of a task, greater than those of all runs before it: another process's
 * clock may be ahead by a tick. To be called by the holder of the name.
 */
export async function nextRun({ namespace, boot }: Namespace, task: string): Promise<string> {
  const known = boot ?? (await import("../task/records_of_1_1.ts")).askBoot();
  return makeRunId(known, listRuns(namespace).runs.get(task)?.at(-1));
}

/**
 * What is on record of a run that is being launched: a directory that bears its id. Only the
 * holder of the name of the task makes it.
 */
export class RunFiles {
  /** The directory. */
  readonly directory: string;

  /**
   * Makes the directory. If there is no room for it, or for what is written into it, old
   * records make way.
   *
   * @throws {Failed} if it cannot be written.
   */
  constructor(
    private readonly namespace: Namespace,
    private readonly run: string,
    private readonly task: string,
  ) {
    this.directory = runDirectory(namespace.namespace, run, task);
    withRoom(namespace, () => Deno.mkdirSync(this.directory, { mode: 0o750 }));
    // Here, for the shim would make it with the caller's umask; and with something in it, so
    // that there is room for the exit status and its time, however full the disk is then. By
    // the id the shim sees that it is this file, and not what a link leads to.
    try {
      this.#make("status", `${run}\n`);
    } catch (error) {
      this.remove();
      throw error;
    }
    mark(namespace.namespace, run, task);
  }

  /** Writes what is launched. */
  write(record: RunRecord): void {
    this.#make("run.json", formatRun(record));
  }

  #make(name: string, content: string): void {
    const path = `${this.directory}/${name}`;
    const bytes = new TextEncoder().encode(content);
    withRoom(this.namespace, () => {
      try {
        using file = Deno.openSync(path, { write: true, createNew: true, mode: 0o640 });
        for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
      } catch (error) {
        // Half of it may be there.
        if (isFull(error)) unlessGone(() => Deno.removeSync(path), undefined);
        throw error;
      }
    });
  }

  /** Forgets the run, which has not come to be. */
  remove(): void {
    removeTree(this.directory);
    unmark(this.namespace.namespace, this.run, this.task);
  }
}

/** Writes; if there is no room, once more without the oldest records. */
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
  if (limit !== undefined) return new Failed(`cannot write down what is run: ${limit}`);
  if (!isFull(error)) return new Failed(`cannot write down what is run: ${reason(error)}`);
  return new Failed(
    `cannot write down what is run: No space left on device: remove what else is in ${
      runsDirectory(namespace.namespace)
    }, or give it more with "init --records"`,
  );
}

/** Whether it says that there is no room (ENOSPC, EDQUOT). */
function isFull(error: unknown): boolean {
  return /os error (28|122)\)/.test(reason(error));
}
