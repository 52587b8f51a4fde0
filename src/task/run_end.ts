import { isGone } from "../cgroup/cgroup.ts";
import { Failed, NotInitialised, reason, RecordsClosed } from "../cli/errors.ts";
import type { Namespace } from "../namespace/description.ts";
import { parseFormerStatus } from "./records_of_1_1.ts";
import { parseStatus, STATUS_LENGTH } from "./record.ts";
import { openRegular } from "./record_file.ts";
import { currentRun } from "./records.ts";
import { identity } from "./task.ts";

/** How long it may remain unclear whether a task runs, in milliseconds, before that is an error. */
const DOUBT = 2000;

/** How long a task that has just got its name may take to have its record, in milliseconds. */
const PUBLISHING = 1000;

/** The runs under way that this process holds: all that wait for one share it, and its file. */
const held = new Map<string, RunEnd>();

/**
 * One run of a task, whose end somebody waits for. What becomes of the name after
 * that, a new run included, makes no difference: the file that the shim writes the
 * status into is open from the start.
 */
export class RunEnd {
  #ended: boolean;
  #doubt: number | undefined;
  #holders = 1;

  private constructor(
    private readonly namespace: Namespace,
    /** Its name. */
    readonly task: string,
    private readonly inode: number | undefined,
    private readonly file: Deno.FsFile | undefined,
  ) {
    this.#ended = inode === undefined;
  }

  /**
   * Takes hold of the run that is under way, or else of the last one.
   *
   * @returns nothing if there has been none.
   * @throws {NotInitialised} if there is no such namespace.
   * @throws {Failed} if it cannot be found out.
   */
  static async hold(namespace: Namespace, task: string): Promise<RunEnd | undefined> {
    const key = `${namespace.namespace}/${task}`;
    const shared = held.get(key);
    // One that has ended may have the number of another, in a namespace that was made anew.
    if (shared?.ended() === false && identity(namespace.namespace, task) === shared.inode) {
      shared.#holders++;
      return shared;
    }
    const deadline = performance.now() + PUBLISHING;
    for (;;) {
      const inode = identity(namespace.namespace, task);
      const file = openStatus(namespace, task, inode);
      const same = identity(namespace.namespace, task) === inode;
      if (same && inode === undefined && file === undefined) return undefined;
      // Between a run's taking the name and its record is a moment.
      if (same && (inode === undefined || file !== undefined)) {
        const made = new RunEnd(namespace, task, inode, file);
        if (inode !== undefined) held.set(key, made);
        return made;
      }
      file?.close();
      if (performance.now() > deadline) {
        throw new Failed(`task ${task} runs, but has left no record`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /**
   * Whether the run is over.
   *
   * @throws {Failed} if that cannot be found out, for two seconds.
   */
  ended(): boolean {
    if (this.#ended) return true;
    try {
      this.#ended = identity(this.namespace.namespace, this.task) !== this.inode;
      this.#doubt = undefined;
    } catch (error) {
      // A namespace can be released when no task runs.
      if (error instanceof NotInitialised) this.#ended = true;
      else if (!(error instanceof Failed)) throw error;
      // In the middle of its release, or broken.
      else if (performance.now() > (this.#doubt ??= performance.now()) + DOUBT) throw error;
    }
    return this.#ended;
  }

  /** The exit status that the shim wrote down; nothing if it was killed, or the task runs. */
  status(): number | undefined {
    return this.file === undefined ? undefined : readStatus(this.file);
  }

  /** Lets go of it; to be called once for each hold. */
  close(): void {
    if (--this.#holders > 0) return;
    this.file?.close();
    const key = `${this.namespace.namespace}/${this.task}`;
    if (held.get(key) === this) held.delete(key);
  }
}

/** Opens the status of the run that is under way, or of the last one. */
function openStatus(
  { namespace }: Namespace,
  task: string,
  cgroup: number | undefined,
): Deno.FsFile | undefined {
  const found = currentRun(namespace, task, cgroup);
  if (found === undefined) return undefined;
  try {
    return openRegular(found.file);
  } catch (error) {
    if (isGone(error)) return undefined;
    if (error instanceof Deno.errors.PermissionDenied) throw new RecordsClosed(namespace);
    throw new Failed(`cannot read how task ${task} ended: ${reason(error)}`);
  }
}

function readStatus(file: Deno.FsFile): number | undefined {
  const bytes = new Uint8Array(STATUS_LENGTH);
  file.seekSync(0, Deno.SeekMode.Start);
  const length = file.readSync(bytes) ?? 0;
  const text = new TextDecoder().decode(bytes.subarray(0, length));
  return parseStatus(text).code ?? parseFormerStatus(text).code;
}
