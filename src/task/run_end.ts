import { isGone } from "../cgroup/cgroup.ts";
import { Failed, NotInitialised, reason, RecordsClosed } from "../cli/errors.ts";
import { delay } from "../cli/sleep.ts";
import type { Namespace } from "../namespace/description.ts";
import { chooseRun, type RunChoice } from "./choose_run.ts";
import { short } from "./live_run.ts";
import { codeOfOnce } from "./once_record.ts";
import { parseFormerStatus } from "./records_of_1_1.ts";
import { parseStatus, STATUS_LENGTH } from "./record.ts";
import { openRegular } from "./record_file.ts";
import { currentRun, type RecordedRun } from "./records.ts";
import type { RunIds } from "./run_ids.ts";
import { isTimedOut } from "./state.ts";
import { runningInode } from "./task.ts";

/** How long it may be impossible to find out whether a task runs before that is an error, in milliseconds. */
const DOUBT = 2000;

/** How long a task may be registered before its run has a record, in milliseconds: on a busy host a launch takes seconds. */
const PUBLISHING = 5000;

/** The runs under way that this process waits for: all callers that wait for a run share it and its file. */
const held = new Map<string, RunEnd>();

/**
 * A run of a task whose end is waited for. The status file of the run, into which the shim writes
 * the exit status, is opened at once: it does not matter if a new run of the task follows, or the
 * record is removed.
 */
export class RunEnd {
  #ended: boolean;
  #doubt: number | undefined;
  #holders = 1;

  private constructor(
    private readonly namespace: Namespace,
    /** The name of the task. */
    readonly task: string,
    /** The id of the run, the process id of its command, and its labels. */
    readonly ids: RunIds,
    private readonly inode: number | undefined,
    private readonly file: Deno.FsFile | undefined,
    /** Its record, as it was found. */
    private readonly found: RecordedRun | undefined,
  ) {
    this.#ended = inode === undefined;
  }

  /**
   * Opens the run of a task that is under way, or else the last one. To be closed by the caller.
   *
   * @returns undefined if no run is known.
   * @throws {NotInitialised} if there is no such namespace.
   * @throws {RecordsClosed} if the caller may not read the records.
   * @throws {Failed} if the run or its record cannot be found out.
   */
  static async hold(namespace: Namespace, task: string): Promise<RunEnd | undefined> {
    const key = `${namespace.namespace}/${task}`;
    const shared = held.get(key);
    // A run that has ended is not shared: in a namespace that was initialised again, another run may
    // have the same inode.
    if (shared?.ended() === false && runningInode(namespace.namespace, task) === shared.inode) {
      shared.#holders++;
      return shared;
    }
    const deadline = performance.now() + PUBLISHING;
    for (;;) {
      const inode = runningInode(namespace.namespace, task);
      const found = currentRun(namespace.namespace, task, inode);
      const file = found && openStatus(namespace.namespace, found);
      const same = runningInode(namespace.namespace, task) === inode;
      if (same && inode === undefined && file === undefined) return undefined;
      // A run is registered a moment before its record is written.
      if (same && (inode === undefined || file !== undefined)) {
        const { run = null, pid = null, labels = {} } = found?.record ?? {};
        const known = found && short(found);
        const made = new RunEnd(namespace, task, { run, pid, labels }, inode, file, known);
        if (inode !== undefined) held.set(key, made);
        return made;
      }
      file?.close();
      if (performance.now() > deadline) {
        throw new Failed(`task ${task} runs, but has no record: use "check" until it does not run`);
      }
      await delay(2);
    }
  }

  /**
   * Opens a certain run of a task. To be closed by the caller. Throws as `hold` does.
   *
   * @returns undefined if there is no record of such a run.
   */
  static async holdRun(
    namespace: Namespace,
    task: string,
    choice: RunChoice,
  ): Promise<RunEnd | undefined> {
    for (;;) {
      const chosen = chooseRun(namespace, task, choice);
      if (chosen?.inode === undefined) {
        const found = chosen?.found;
        const file = found && openStatus(namespace.namespace, found);
        if (found === undefined || file === undefined) return undefined;
        const { run, pid, labels } = found.record;
        return new RunEnd(namespace, task, { run, pid, labels }, undefined, file, short(found));
      }
      const held = await RunEnd.hold(namespace, task);
      if (held !== undefined && held.inode === chosen.inode) return held;
      // That run has ended meanwhile.
      held?.close();
    }
  }

  /**
   * Returns whether the run is over.
   *
   * @throws {Failed} if this could not be found out for two seconds.
   */
  ended(): boolean {
    if (this.#ended) return true;
    try {
      this.#ended = runningInode(this.namespace.namespace, this.task) !== this.inode;
      this.#doubt = undefined;
    } catch (error) {
      // A namespace can be released when no task runs.
      if (error instanceof NotInitialised) this.#ended = true;
      else if (!(error instanceof Failed)) throw error;
      // The namespace may just be being released; if not, it is broken.
      else if (performance.now() > (this.#doubt ??= performance.now()) + DOUBT) throw error;
    }
    return this.#ended;
  }

  /** Returns the exit status that the shim has written; undefined if the task runs, or the shim was killed. */
  status(): number | undefined {
    return this.file === undefined ? undefined : readStatus(this.file);
  }

  /** Whether it was under way when the host went down. */
  get isLost(): boolean {
    return this.found?.left?.isLost === true;
  }

  /** Returns whether the time limit of the run has ended it, or is ending it. */
  timedOut(): boolean {
    return this.found !== undefined && isTimedOut(this.found);
  }

  /** Closes the run; to be called once for each `hold`. */
  close(): void {
    if (--this.#holders > 0) return;
    this.file?.close();
    const key = `${this.namespace.namespace}/${this.task}`;
    if (held.get(key) === this) held.delete(key);
  }
}

/** Opens the status file of a run. */
function openStatus(namespace: string, { file, record }: RecordedRun): Deno.FsFile | undefined {
  try {
    return openRegular(file);
  } catch (error) {
    if (isGone(error)) return undefined;
    if (error instanceof Deno.errors.PermissionDenied) throw new RecordsClosed(namespace);
    throw new Failed(`cannot read the exit status of task ${record.task}: ${reason(error)}`);
  }
}

function readStatus(file: Deno.FsFile): number | undefined {
  const bytes = new Uint8Array(STATUS_LENGTH);
  file.seekSync(0, Deno.SeekMode.Start);
  const length = file.readSync(bytes) ?? 0;
  const text = new TextDecoder().decode(bytes.subarray(0, length));
  return parseStatus(text).code ?? parseFormerStatus(text).code ?? codeOfOnce(text);
}
