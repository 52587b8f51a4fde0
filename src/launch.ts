import { join } from "@std/path/posix/join";
import { admit, register, stage, unstage } from "./admission.ts";
import { isPopulated, unlessGone } from "./cgroup/cgroup.ts";
import { setLimits } from "./cgroup/limits.ts";
import { Failed, NotPermitted, NotRunning, reason } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { Namespace } from "./namespace.ts";
import { PROC } from "./paths.ts";
import { exitCommandFile, type RunRecord, StagedRun } from "./record.ts";
import { forgetOldRuns } from "./retention.ts";
import { rotate } from "./rotation.ts";
import { readCallerEnvironment } from "./shim/environment.ts";
import { Shim } from "./shim/shim.ts";
import { reap, registered } from "./task.ts";

/** What to launch, and how. */
export interface LaunchOptions {
  /** The command and its arguments. */
  command: readonly string[];
  /** Whether the command keeps the caller's terminal, session and standard streams. */
  foreground: boolean;
  /** Where the output goes; relative to the caller's directory. None leaves it alone. */
  log?: string;
  /** How many rotated logs to keep. */
  keep: number;
  /** The directory to change to first. */
  directory?: string;
  /** What the owner's shell runs when the task has ended. */
  exitCommand?: string;
  /** What the task may use. */
  limits: Limits;
  /** Whether a limit that the host cannot enforce is left out. */
  bestEffort: boolean;
  /** Told of each step, for `-d`. */
  debug?: (message: string) => void;
}

/** A task that has been launched. */
export interface Launched {
  /** The task's first process: the command. */
  pid: number;
  /** Its shim. */
  shim: Shim;
  /** What was written down of it. */
  record: RunRecord;
  /** How long it took to leave the caller's cgroups, in milliseconds. */
  admission: number;
  /** The limits that this host cannot enforce, if that was allowed. */
  unlimited: string[];
}

/**
 * Launches a task. When this returns, the command has been executed, in its own
 * cgroups; when it throws, nothing was run and nothing is left.
 *
 * @throws {AlreadyRunning} if the task runs.
 * @throws {NotPermitted} if the caller does not own the namespace.
 * @throws {LancoError} with status 126 or 127 if the command cannot be executed.
 */
export async function launch(
  namespace: Namespace,
  task: string,
  options: LaunchOptions,
): Promise<Launched> {
  // The caller's may hide what is made here from its very maker.
  const umask = Deno.umask(0o022);
  try {
    const attempt = new Attempt(namespace, task, { ...options, umask });
    try {
      await attempt.start();
      await attempt.enter();
      return await attempt.execute();
    } catch (error) {
      const killed = await attempt.undo();
      if (killed) throw new Failed(`task ${task} was killed before its start`);
      throw error;
    }
  } finally {
    Deno.umask(umask);
  }
}

/** One attempt to launch a task, step by step. */
class Attempt {
  readonly #working: string;
  readonly #log: string | undefined;
  readonly #run: StagedRun;
  #shim: Shim | undefined;
  #child = 0;
  #record: RunRecord | undefined;
  #staging: Promise<void> | undefined;
  #published = false;
  #admission = 0;
  #unlimited: string[] = [];

  constructor(
    private readonly namespace: Namespace,
    private readonly task: string,
    private readonly options: LaunchOptions & { umask: number },
  ) {
    this.#working = Deno.readLinkSync(`${PROC}/self/cwd`);
    this.#log = options.log === undefined ? undefined : absolute(options.log, this.#working);
    this.#run = stageRecord(namespace);
  }

  /** Starts the shim and the task's first process, which then waits, and writes down what it is. */
  async start(): Promise<void> {
    const { command, directory, foreground, limits } = this.options;
    this.#debug(`start the shim of ${command[0]}`);
    const shim = await Shim.start({
      foreground,
      command,
      runDirectory: this.#run.directory,
      exitCommand: exitCommandFile(this.namespace.namespace, this.task),
      umask: this.options.umask,
      environment: readCallerEnvironment(),
      variables: { LANCO_NAMESPACE: this.namespace.namespace, LANCO_TASK: this.task },
      ...(this.#log === undefined ? {} : { log: this.#log }),
      ...(directory === undefined ? {} : { directory }),
    });
    this.#shim = shim;
    this.#staging = stage(this.namespace, shim.pid, this.#run.id);
    // What the shim has to say counts more than that it is gone.
    this.#staging.catch(() => {});
    this.#child = Number(await shim.expect("ready"));
    await this.#staging;
    this.#record = {
      version: 1,
      task: this.task,
      command: [...command],
      directory: directory === undefined ? this.#working : absolute(directory, this.#working),
      log: this.#log ?? null,
      started: Date.now(),
      limits,
      shim: shim.pid,
    };
    this.#run.write(this.#record, this.options.exitCommand);
  }

  /** Takes the name, leaves the caller's cgroups and enters the task's own. */
  async enter(): Promise<void> {
    const pids = { shim: this.#shim?.pid ?? 0, child: this.#child };
    this.#debug(`register process ${pids.child} and its shim ${pids.shim}`);
    await register(this.namespace, this.task, pids.child, this.#run.id);
    this.#debug("leave the caller's cgroups");
    const begin = performance.now();
    await admit(this.namespace, this.task, pids, {
      meanwhile: () => this.#openLog(),
      prepare: () => {
        this.#unlimited = setLimits(this.namespace, this.task, this.options.limits, this.options);
      },
    });
    this.#admission = performance.now() - begin;
  }

  async #openLog(): Promise<void> {
    if (this.#log !== undefined) await rotate(this.#log, this.options.keep);
    await this.#shim?.go();
    await this.#shim?.expect("opened");
  }

  /** Lets the child become the command. */
  async execute(): Promise<Launched> {
    const shim = this.#shim;
    const record = this.#record;
    if (shim === undefined || record === undefined) {
      throw new Failed("the shim has not been started");
    }
    this.#run.publish(this.task);
    this.#published = true;
    this.#debug(`execute ${this.options.command[0]}`);
    await shim.go();
    await executed(shim, this.#child);
    this.#run.settle();
    forgetOldRuns(this.namespace.namespace);
    shim.release();
    return {
      pid: this.#child,
      shim,
      record,
      admission: this.#admission,
      unlimited: this.#unlimited,
    };
  }

  /** Takes everything back. Returns whether somebody else had killed the shim or its child. */
  async undo(): Promise<boolean> {
    const killed = await abandon(this.namespace, this.task, this.#shim);
    await this.#staging?.catch(() => {});
    unstage(this.namespace, this.#run.id);
    this.#run.withdraw(this.task, this.#published);
    return killed;
  }

  #debug(message: string): void {
    this.options.debug?.(message);
  }
}

function stageRecord(namespace: Namespace): StagedRun {
  let run: StagedRun | undefined;
  try {
    run = StagedRun.create(namespace.namespace);
    // Root could, but a task of his would not be the owner's to stop.
    if (Deno.statSync(run.directory).uid === namespace.uid) return run;
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) {
      throw new Failed(`cannot write down what is run: ${reason(error)}`);
    }
  }
  run?.withdraw("", false);
  throw new NotPermitted(
    `namespace ${namespace.namespace} belongs to ${namespace.owner}: run it as that user, e.g. with "sudo -u ${namespace.owner}"`,
  );
}

function absolute(path: string, working: string): string {
  return path.startsWith("/") ? path : join(working, path);
}

/**
 * Waits until the child has become the command: its command line is no longer
 * the shell's. If it can no longer be seen, the shim will say how it ended.
 */
async function executed(shim: Shim, child: number): Promise<void> {
  let over = false;
  const ended = shim.expect("ended").finally(() => over = true);
  ended.catch(() => {});
  while (!over) {
    const line = unlessGone(() => Deno.readTextFileSync(`${PROC}/${child}/cmdline`), "");
    if (line !== "" && !line.startsWith("/bin/sh\0-c\0# What becomes the command.")) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await ended;
}

/**
 * Ends a shim and child that have run nothing, and waits until the kernel has
 * forgotten them.
 *
 * @returns whether somebody else had killed them.
 */
async function abandon(namespace: Namespace, task: string, shim?: Shim): Promise<boolean> {
  if (shim === undefined) return false;
  shim.abandon();
  const { code, signal } = await shim.status;
  const cgroup = registered(namespace.namespace, task);
  try {
    if (!isPopulated(cgroup)) await reap(namespace, task);
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error;
  }
  return signal !== null || code > 128;
}
