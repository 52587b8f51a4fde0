import { join } from "@std/path/posix/join";
import { unlessGone } from "./cgroup/cgroup.ts";
import { namespaceDirectory } from "./namespace.ts";
import { runDirectory } from "./places.ts";
import { formatRun, type RunRecord, shellQuote } from "./record.ts";

/**
 * The record of a run that is being prepared: a directory beside its place, so that
 * nobody sees half of it.
 */
export class StagedRun {
  #old: string;
  private constructor(
    private readonly namespace: string,
    /** What tells this run from all others that are being prepared. */
    readonly id: string,
    /** The directory. */
    readonly directory: string,
  ) {
    this.#old = join(namespaceDirectory(namespace), "runs", `.old-${id}`);
  }

  /**
   * Makes the directory, under a name that no other `run` has.
   *
   * @throws {Deno.errors.PermissionDenied} if the caller does not own the namespace.
   */
  static create(namespace: string): StagedRun {
    const id = crypto.randomUUID();
    const directory = join(namespaceDirectory(namespace), "runs", `.new-${id}`);
    Deno.mkdirSync(directory, { mode: 0o750 });
    const run = new StagedRun(namespace, id, directory);
    try {
      // Here, for the shim would make it with the caller's umask.
      run.#write("ended", "");
    } catch (error) {
      removeTree(directory);
      throw error;
    }
    return run;
  }

  /** What the command's shell is to read, and nobody else: for who has sent variables that shells drop. */
  writeEnvironment(text: Uint8Array): string {
    Deno.writeFileSync(join(this.directory, "environment"), text, { createNew: true, mode: 0o600 });
    return join(this.directory, "environment");
  }

  /** The script that is run at the end, in the directory of the task; its output goes where the task's went. */
  writeExitCommand(command: string, directory: string, log: string | undefined): void {
    const lines = [
      ...(log === undefined ? [] : [`exec >>${shellQuote(log)} 2>&1`]),
      `cd ${shellQuote(directory)} 2>/dev/null || cd /`,
      command,
    ];
    this.#write("exit-command", lines.join("\n") + "\n", 0o600);
  }

  /** Writes what is launched. */
  write(record: RunRecord): void {
    this.#write("run.json", formatRun(record));
  }

  #write(name: string, text: string, mode = 0o640): void {
    Deno.writeTextFileSync(join(this.directory, name), text, { createNew: true, mode });
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

  /** Takes everything back: the record of the run before returns. */
  withdraw(task: string, published: boolean): void {
    if (!published) return removeTree(this.directory);
    const place = runDirectory(this.namespace, task);
    removeTree(place);
    unlessGone(() => Deno.renameSync(this.#old, place), undefined);
  }
}

function removeTree(directory: string): void {
  unlessGone(() => Deno.removeSync(directory, { recursive: true }), undefined);
}
