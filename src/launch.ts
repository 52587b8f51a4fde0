import { join } from "@std/path/posix/join";
import { admit, register, stage, unstage } from "./admission.ts";
import { isPopulated, unlessGone } from "./cgroup/cgroup.ts";
import { setLimits } from "./cgroup/limits.ts";
import { Failed, NotPermitted, NotRunning, reason } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { Namespace } from "./namespace.ts";
import { PROC } from "./paths.ts";
import { exitCommandFile, StagedRun } from "./record.ts";
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
  const debug = options.debug ?? (() => {});
  // The caller's may hide what is made here from its very maker.
  const umask = Deno.umask(0o022);
  const run = stageRecord(namespace);
  let shim: Shim | undefined;
  let staging: Promise<void> | undefined;
  let published = false;
  let unlimited: string[] = [];
  try {
    const working = Deno.readLinkSync(`${PROC}/self/cwd`);
    const log = options.log === undefined ? undefined : absolute(options.log, working);
    const directory = options.directory;
    debug(`start the shim of ${options.command[0]}`);
    shim = await Shim.start({
      foreground: options.foreground,
      runDirectory: run.directory,
      exitCommand: exitCommandFile(namespace.namespace, task),
      umask,
      environment: readCallerEnvironment(),
      variables: { LANCO_NAMESPACE: namespace.namespace, LANCO_TASK: task },
      command: options.command,
      ...(log === undefined ? {} : { log }),
      ...(directory === undefined ? {} : { directory }),
    });
    staging = stage(namespace, shim.pid, run.id);
    // What the shim has to say counts more than that it is gone.
    staging.catch(() => {});
    const child = Number(await shim.expect("ready"));
    await staging;
    run.write({
      version: 1,
      task,
      command: [...options.command],
      directory: directory === undefined ? working : absolute(directory, working),
      log: log ?? null,
      started: Date.now(),
      limits: options.limits,
      shim: shim.pid,
    }, options.exitCommand);
    debug(`register process ${child} and its shim ${shim.pid}`);
    await register(namespace, task, child, run.id);
    debug("leave the caller's cgroups");
    const begin = performance.now();
    await admit(namespace, task, { shim: shim.pid, child }, {
      async meanwhile() {
        if (log !== undefined) await rotate(log, options.keep);
        await openLog(shim);
      },
      prepare() {
        unlimited = setLimits(namespace, task, options.limits, options);
      },
    });
    const admission = performance.now() - begin;
    run.publish(task);
    published = true;
    debug(`execute ${options.command[0]}`);
    await shim.go();
    await executed(shim, child);
    run.settle();
    forgetOldRuns(namespace.namespace);
    shim.release();
    return { pid: child, shim, admission, unlimited };
  } catch (error) {
    const killed = await abandon(namespace, task, shim);
    await staging?.catch(() => {});
    unstage(namespace, run.id);
    run.withdraw(task, published);
    if (killed) throw new Failed(`task ${task} was killed before its start`);
    throw error;
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

async function openLog(shim: Shim | undefined): Promise<void> {
  await shim?.go();
  await shim?.expect("opened");
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
