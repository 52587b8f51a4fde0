import { isGone, isThere, removeQuietly } from "../cgroup/cgroup.ts";
import { Failed, LancoError, OnRecord, reason } from "../cli/errors.ts";
import { limitBehind } from "../namespace/caller_limits.ts";
import type { Namespace } from "../namespace/description.ts";
import { markDirectory, onceDirectory, runDirectory } from "../namespace/paths.ts";
import { isLost } from "../task/host_crash.ts";
import { beginningOfOnce, onceMark, onceRuns } from "../task/once_record.ts";
import { parseStatus, STATUS_LENGTH } from "../task/record.ts";
import { readRecord } from "../task/record_file.ts";
import { formerRun, leftRuns, listRuns } from "../task/records.ts";

/**
 * Returns the mark for a run that is to be the only one of its task, if there is none on record.
 * For a final answer the task must be registered by the launch that asks.
 *
 * @throws {OnRecord} if a run of the task is on record.
 * @throws {Failed} if that cannot be found out.
 */
export function onceMarkOf(namespace: Namespace, task: string): OnceMark {
  if (!isOnRecord(namespace, task)) return new OnceMark(namespace.namespace, task);
  throw new OnRecord(namespace.namespace, task);
}

/**
 * Returns whether a run of a task is on record that has, or may have, executed its command.
 *
 * @throws {Failed} if that cannot be found out.
 */
function isOnRecord(namespace: Namespace, task: string): boolean {
  const { namespace: name } = namespace;
  const { runs, former } = listRuns(name);
  if (runs.get(task)?.some((run) => hasExecuted(namespace, task, run))) return true;
  if (former.has(task) && formerRun(name, task) !== undefined) return true;
  try {
    onceRuns(name);
  } catch (error) {
    throw new Failed(`cannot read the records in ${onceDirectory(name)}: ${reason(error)}`);
  }
  return !leftRuns(name, task).next().done || isLost(namespace, task);
}

/**
 * Returns whether a run has executed its command, or was about to, by its status: that is there
 * before the record, and is empty if the launch was killed at this moment.
 */
function hasExecuted({ namespace }: Namespace, task: string, run: string): boolean {
  const directory = runDirectory(namespace, run, task);
  const bad = (why: string) =>
    new Failed(
      `cannot read how run ${run} of task ${task} ended: ${why}: "lanco ${namespace} forget ${task}" removes its record`,
    );
  let text: string | undefined;
  try {
    text = readRecord(`${directory}/status`, STATUS_LENGTH);
  } catch (error) {
    throw bad(reason(error));
  }
  if (text === undefined && isThere(`${directory}/run.json`)) throw bad("it has no status");
  const [first = "", ...more] = (text ?? "").split("\n");
  if (more.length === 0 ? !run.startsWith(first) : run !== first) {
    throw bad("its status is not lanco's");
  }
  return parseStatus(text ?? "").executed;
}

/** The mark on disk of a run that is to be the only one of its task: see `OnceRecord`. */
export class OnceMark {
  #file: Deno.FsFile | undefined;
  #path = "";

  constructor(private readonly namespace: string, private readonly task: string) {}

  /**
   * Makes the mark.
   *
   * @throws {Failed} if it cannot be made, or its content may not be on the disk.
   */
  begin(run: string): void {
    const path = onceMark(this.namespace, this.task, run);
    this.#attempt(() => {
      this.#file = create(path, [markDirectory(this.namespace), onceDirectory(this.namespace)]);
      this.#path = path;
      this.#write(beginningOfOnce(run));
      sync(onceDirectory(this.namespace));
    });
  }

  /**
   * Completes the mark: from here on the command may be executed.
   *
   * @param record The text of the record.
   * @throws {Failed} as `begin` does.
   */
  complete(record: string): void {
    this.#attempt(() => this.#write(record));
    this.#close();
  }

  /** Removes the mark of a run that was not started. */
  remove(): void {
    this.#close();
    if (this.#path !== "") removeQuietly(this.#path);
  }

  #write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let done = 0; done < bytes.length;) {
      done += this.#file?.writeSync(bytes.subarray(done)) ?? bytes.length;
    }
    // A crash of the host must not take it, for the command would then be executed twice.
    this.#file?.syncSync();
  }

  #close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (error instanceof LancoError) throw error;
      const why = limitBehind(error) ?? reason(error);
      throw new Failed(
        `cannot keep the record of the run in ${onceDirectory(this.namespace)}: ${why}: ` +
          `make room, see who may write there, or run "lanco ${this.namespace} forget"`,
      );
    }
  }
}

/** Creates a file, and the directories if they are missing. */
function create(path: string, directories: readonly string[]): Deno.FsFile {
  const open = () => Deno.openSync(path, { write: true, createNew: true, mode: 0o640 });
  try {
    return open();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  for (const directory of directories) {
    try {
      Deno.mkdirSync(directory, { mode: 0o750 });
      sync(`${directory}/..`);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
  return open();
}

/** Waits until the names in a directory are on the disk. */
function sync(directory: string): void {
  using opened = Deno.openSync(directory);
  opened.syncSync();
}
