import { join } from "@std/path/posix/join";
import { isGone, unlessGone } from "./cgroup/cgroup.ts";
import { Failed, reason } from "./errors.ts";
import type { Limits } from "./limits.ts";
import { type Namespace, namespaceDirectory } from "./namespace.ts";
import { PROC } from "./paths.ts";
import { runDirectory } from "./task.ts";

/** What was launched under a name: `/run/lanco/<ns>/runs/<name>/run.json`. */
export interface RunRecord {
  /** The version of this record. */
  version: 1;
  /** The name of the task. */
  task: string;
  /** The command and its arguments. */
  command: string[];
  /** The directory it was started in. */
  directory: string;
  /** The log, or null in the foreground. */
  log: string | null;
  /** When it was started, in milliseconds since 1970. */
  started: number;
  /** What it may use. */
  limits: Limits;
  /** The process id of the shim. */
  shim: number;
}

/**
 * The record of a run that is being prepared: a directory beside its place, so
 * that nobody sees half of it.
 */
export class StagedRun {
  #old: string;
  private constructor(
    private readonly namespace: string,
    readonly id: string,
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
    Deno.mkdirSync(directory);
    // Here, for the shim would make it with the caller's umask.
    Deno.writeTextFileSync(join(directory, "ended"), "");
    return new StagedRun(namespace, id, directory);
  }

  /** Writes what is launched, and the script that the release agent runs at the end, if any. */
  write(record: RunRecord, exitCommand?: string): void {
    Deno.writeTextFileSync(join(this.directory, "run.json"), JSON.stringify(record) + "\n");
    if (exitCommand === undefined) return;
    // Its output goes where the task's went.
    const redirect = record.log === null ? "" : `exec >>${shellQuote(record.log)} 2>&1\n`;
    Deno.writeTextFileSync(join(this.directory, "exit-command"), redirect + exitCommand + "\n");
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

/** The script for the end of a task; the one who runs it takes it away first. */
export function exitCommandFile(namespace: string, task: string): string {
  return join(runDirectory(namespace, task), "exit-command");
}

/** The word as a POSIX shell takes it literally. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * The text of a file of the owner's. If he has made a fifo of it, somebody else who
 * looks, root perhaps, must not wait for a writer.
 */
function readRegular(path: string): string {
  if (!Deno.lstatSync(path).isFile) throw new Failed("it is not a regular file");
  return Deno.readTextFileSync(path);
}

/**
 * What was launched last under the name, or nothing if that is not known.
 *
 * @throws {Failed} if the record cannot be read.
 */
export function readRun(namespace: string, task: string): RunRecord | undefined {
  try {
    return JSON.parse(readRegular(join(runDirectory(namespace, task), "run.json")));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw new Failed(`cannot read the record of task ${task}: ${reason(error)}`);
  }
}

/**
 * The exit status that the shim wrote down, or nothing if it has not: the task
 * runs, or its shim was killed.
 */
export function readStatus(directory: string): number | undefined {
  return parseStatus(unlessGone(() => readRegular(join(directory, "ended")), ""));
}

/** The exit status in the shim's line, or nothing if that is not written yet. */
export function parseStatus(line: string): number | undefined {
  return /^\d+\n$/.test(line) ? Number(line) : undefined;
}

/** Who has stopped a task, and how. */
export interface StopRecord {
  /** The name or the number of the user. */
  by: string;
  /** The signal it was asked with; SIGKILL if it was not asked. */
  signal: string;
  /** When, in milliseconds since 1970. */
  at: number;
}

/** Who has stopped the task, if somebody has. */
export function readStop(directory: string): StopRecord | undefined {
  try {
    return JSON.parse(readRegular(join(directory, "stopped")));
  } catch {
    // Nobody has; or it is being written at this moment.
    return undefined;
  }
}

/**
 * Writes down who stops the task. Only its owner does: for anybody else, root
 * included, the directory is another user's, who may have put a link there.
 */
export function writeStop(namespace: Namespace, task: string, signal: string): void {
  const status = Deno.readTextFileSync(join(PROC, "self", "status"));
  const uid = Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1]);
  const directory = runDirectory(namespace.namespace, task);
  const by = uid === namespace.uid ? namespace.owner : uid === 0 ? "root" : String(uid);
  const text = JSON.stringify({ by, signal, at: Date.now() } satisfies StopRecord) + "\n";
  const file = join(directory, "stopped");
  if (uid === namespace.uid) {
    return unlessGone(() => Deno.writeTextFileSync(file, text, { mode: 0o644 }), undefined);
  }
  if (uid !== 0) return;
  // With the owner's rights, who can harm himself only.
  new Deno.Command("/usr/bin/setpriv", {
    args: [
      `--reuid=${namespace.uid}`,
      `--regid=${namespace.gid}`,
      "--clear-groups",
      "/bin/sh",
      "-c",
      'printf "%s" "$1" >"$2"',
      "lanco",
      text,
      file,
    ],
    cwd: "/",
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).outputSync();
}
