import { unlessGone } from "../cgroup/cgroup.ts";
import { explainClosed } from "./closed.ts";
import { Failed, NotPermitted, reason } from "../cli/errors.ts";
import { limitBehind } from "../namespace/caller_limits.ts";
import { effectiveUser } from "../namespace/caller.ts";
import { type Namespace, namespaceDirectory } from "../namespace/namespace.ts";
import { beginJournal } from "../task/journal.ts";
import { runDirectory } from "../task/places.ts";
import { formatRun, type RunRecord } from "../task/record.ts";
import { type FileIdentity, hasOpen } from "./opened.ts";
import { forgetOldest } from "../task/retention.ts";

/**
 * The record of a run that is being prepared: a directory beside its place, so that
 * nobody sees half of it.
 */
export class StagedRun {
  readonly #old: string;
  readonly #inode: number | null;
  #ended: FileIdentity | undefined;
  #uptime: FileIdentity | undefined;

  private constructor(
    private readonly namespace: string,
    /** What tells this run from all others that are being prepared. */
    readonly id: string,
    /** The directory. */
    readonly directory: string,
  ) {
    this.#old = `${runs(namespace)}/.old-${id}`;
    this.#inode = inode(directory);
  }

  /**
   * Makes the directory, under a name that no other `run` has. If there is no room for
   * it, or for what is written into it, old records make way.
   *
   * @throws {NotPermitted} if the caller does not own the namespace.
   * @throws {Failed} if it cannot be written.
   */
  static create(of: Namespace): StagedRun {
    const { namespace } = of;
    const id = crypto.randomUUID();
    const directory = `${runs(namespace)}/.new-${id}`;
    try {
      withRoom(namespace, () => Deno.mkdirSync(directory, { mode: 0o750 }));
    } catch (error) {
      throw explained(error, of);
    }
    beginJournal(namespace);
    const run = new StagedRun(namespace, id, directory);
    try {
      // Here, for the shim would make it with the caller's umask; and with a byte in it, so
      // that there is room for the exit status and its time, however full the disk is then.
      run.#ended = run.#make("ended", "\n");
      run.#uptime = run.#make("uptime", "\n");
    } catch (error) {
      removeTree(directory);
      throw error;
    }
    return run;
  }

  /**
   * Sees to it that the shim writes into what was made here, and not where a link leads.
   *
   * @throws {Failed} if somebody has laid something else in its place.
   */
  assertOpened(shim: number): void {
    const [ended, uptime] = [this.#ended, this.#uptime];
    if (ended && uptime && hasOpen(shim, 9, ended) && hasOpen(shim, 7, uptime)) return;
    throw new Failed(
      `cannot write down how the task ends: another file was laid into ${this.directory}: ` +
        `see who may write there`,
    );
  }

  /** Writes what is launched. */
  write(record: RunRecord): void {
    this.#make("run.json", formatRun(record));
  }

  #make(name: string, content: string): FileIdentity {
    const path = `${this.directory}/${name}`;
    const bytes = new TextEncoder().encode(content);
    return withRoom(this.namespace, () => {
      try {
        using file = Deno.openSync(path, { write: true, createNew: true, mode: 0o640 });
        for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
        return file.statSync();
      } catch (error) {
        // Half of it may be there.
        if (isFull(error)) unlessGone(() => Deno.removeSync(path), undefined);
        throw error;
      }
    });
  }

  /** Puts the record in its place. Only the holder of the name may do so. */
  publish(task: string): void {
    const place = runDirectory(this.namespace, task);
    unlessGone(() => Deno.renameSync(place, this.#old), undefined);
    Deno.renameSync(this.directory, place);
  }

  /** Forgets the record of the run before this one. */
  settle(): void {
    removeTree(this.#old);
  }

  /** Takes everything back: the record of the run before returns, unless there is a later one. */
  withdraw(task: string, published: boolean): void {
    if (!published) return removeTree(this.directory);
    const place = runDirectory(this.namespace, task);
    // Whoever killed this run has given the name to others.
    const taken = inode(place) === this.#inode && this.#take(place);
    if (taken) replace(this.#old, place);
    removeTree(this.#old);
  }

  #take(place: string): boolean {
    unlessGone(() => Deno.renameSync(place, this.directory), undefined);
    const mine = inode(this.directory) === this.#inode;
    if (!mine) replace(this.directory, place);
    removeTree(this.directory);
    return mine;
  }
}

function explained(given: unknown, of: Namespace): unknown {
  const error = effectiveUser() === of.uid ? explainClosed(of, given) : given;
  if (error instanceof Failed) return error;
  const { namespace, owner } = of;
  if (error instanceof Deno.errors.PermissionDenied) {
    return new NotPermitted(
      `namespace ${namespace} belongs to ${owner}: run it as that user, e.g. with "sudo -u ${owner}"`,
    );
  }
  return new Failed(`cannot write down what is run: ${reason(error)}`);
}

function runs(namespace: string): string {
  return `${namespaceDirectory(namespace)}/runs`;
}

function inode(path: string): number | null {
  return unlessGone(() => Deno.lstatSync(path).ino, null);
}

/** Puts a directory into a place, if nobody has put another there. */
function replace(directory: string, place: string): void {
  try {
    Deno.renameSync(directory, place);
  } catch {
    // rename(2) does not replace a directory with something in it.
  }
}

function removeTree(directory: string): void {
  unlessGone(() => Deno.removeSync(directory, { recursive: true }), undefined);
}

/** Writes; if there is no room, once more without the oldest records. */
function withRoom<T>(namespace: string, write: () => T): T {
  try {
    try {
      return write();
    } catch (error) {
      if (!isFull(error) || !forgetOldest(namespace)) throw error;
      return write();
    }
  } catch (error) {
    const limit = limitBehind(error);
    if (limit !== undefined) throw new Failed(`cannot write down what is run: ${limit}`);
    if (!isFull(error)) throw error;
    throw new Failed(
      `cannot write down what is run: No space left on device: remove what else is in ${
        runs(namespace)
      }, or give it more with "init --records"`,
    );
  }
}

/** Whether it says that there is no room (ENOSPC, EDQUOT). */
function isFull(error: unknown): boolean {
  return /os error (28|122)\)/.test(reason(error));
}
