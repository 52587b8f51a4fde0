// The launch of a task, step by step.
import { abandon, letGoOn } from "./abandon.ts";
import { assertOpen, explainClosed } from "../keeper/reopening.ts";
import { liftProcessLimit, limitProcesses, setLimits } from "./set_limits.ts";
import { Failed, reason } from "../cli/errors.ts";
import type { Keeper, Launching, ShellsBeside } from "../keeper/keeper.ts";
import { keeperOf } from "../keeper/keeper_of.ts";
import type { Namespace } from "../namespace/description.ts";
import { lastInit } from "../namespace/namespace.ts";
import { markDirectory, onceDirectory, registered, runsDirectory } from "../namespace/paths.ts";
import { callerUmask } from "../namespace/caller.ts";
import { fromHere, workingDirectory } from "../namespace/working_directory.ts";
import { assertThawed, thawWatch } from "../namespace/frozen.ts";
import { notifyWatchers } from "../task/notify_watchers.ts";
import type { RunRecord } from "../task/record.ts";
import { readCallerEnvironment } from "./shim/environment.ts";
import type { ShimPool } from "./shim/pool.ts";
import { Shim, type ShimOptions } from "./shim/shim.ts";
import type { Attendants } from "./attendants.ts";
import type { LaunchOptions } from "./launch_options.ts";
import { OutputFiles } from "./output_files.ts";
import { oomScore } from "./oom_score.ts";
import { lastRunsFor, nextRun, RunFiles } from "./run_files.ts";
import { recordOf } from "./run_record.ts";

/** A task that has been launched. */
export interface Launched {
  /** The process id of the command. */
  pid: number;
  /** The shim of the task. */
  shim: Shim;
  /** The record of the run. */
  record: RunRecord;
  /** How long the move out of the caller's cgroups took, in milliseconds. */
  admission: number;
  /** A warning for each limit that was left out. */
  unlimited: string[];
}

/**
 * Launches a task. When this returns, the command has been executed in the task's own cgroups. When
 * it throws, the command was not executed, and all cgroups and records of the launch are removed.
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
  assertThawed(namespace);
  const init = lastInit(namespace.namespace);
  const keeper = await keeperOf(namespace);
  const attempt = new Attempt(keeper, namespace, task, { ...options, umask: callerUmask() });
  try {
    await attempt.start();
    await attempt.enter();
    return await attempt.execute();
  } catch (error) {
    const { reasons } = await import("./refusal.ts");
    // The reason is found out before the cgroups are removed, for it reads their counters.
    const { why, ifKilled } = reasons(namespace, task, options.limits, error);
    const killed = await attempt.undo();
    if (killed || error instanceof Failed) assertOpen(namespace, init);
    // What was killed only while it cleaned up is counted by now.
    const later = () => reasons(namespace, task, options.limits, error).ifKilled;
    const refused = why ?? (killed ? ifKilled ?? later() : undefined);
    if (refused !== undefined) throw new Failed(`cannot start task ${task}: ${refused}`);
    if (killed) throw new Failed(`task ${task} was killed before its start`);
    throw explainClosed(namespace, error);
  }
}

/** One attempt to launch a task, step by step. */
class Attempt {
  /** A unique word for this launch. */
  readonly #id = crypto.randomUUID();
  readonly #directory: string;
  readonly #output: OutputFiles;
  readonly #look: () => void;
  #shim: Shim | undefined;
  #attendants: Attendants | undefined;
  #child = 0;
  /** The inode of the registered cgroup. */
  #inode = 0;
  #files: RunFiles | undefined;
  #record: RunRecord | undefined;
  #taking: Promise<void> | undefined;
  #restored = false;
  #isFrozen = false;
  #admission = 0;
  #unlimited: string[] = [];

  constructor(
    readonly keeper: Keeper,
    readonly namespace: Namespace,
    readonly task: string,
    private readonly options: LaunchOptions & { umask: number },
  ) {
    const { directory, log, errors } = options;
    this.#directory = directory === undefined ? workingDirectory() : fromHere(directory);
    this.#output = new OutputFiles(log && fromHere(log), errors && fromHere(errors));
    this.#look = thawWatch(namespace);
  }

  /** Starts the shim, which looks up the command; registers the task, and writes the record of the run. */
  async start(): Promise<void> {
    const { command, exitCommand, timeout, bound } = this.options;
    this.#debug(`start the shim of ${command[0]}`);
    await this.keeper.open(this.namespace, this.#id);
    const options = { ...this.#shimOptions(), pool: await this.#pool() };
    this.#restored = options.environment.restore !== undefined;
    const shim = this.#shim = await Shim.start(options);
    if (exitCommand !== undefined || timeout !== undefined || bound !== undefined) {
      const { Attendants } = await import("./attendants.ts");
      const place = { directory: this.#directory, output: this.#output };
      this.#attendants = await Attendants.start(this, this.options, options, place);
    }
    const shells = { shim: shim.staged ? undefined : shim.pid, ...this.#attendantPids };
    this.#taking = this.keeper.take(this.namespace, this.#id, shells);
    // An error that the shim reports, awaited first below, tells more than the failed move.
    this.#taking.catch(() => {});
    await shim.expect("found");
    await this.#attendants?.ready();
    await this.#taking;
    this.#debug(`register shim ${shim.pid}`);
    this.#inode = await this.#register({ id: this.#id, shim: shim.pid });
    const later = import("./lazy_imports.ts");
    const once = this.options.once ? await import("./once_mark.ts") : undefined;
    const last = await lastRunsFor(this.namespace, this.options.batch);
    const run = await nextRun(this.namespace, this.task, last);
    await shim.name(run, this.#inode, this.#attendants?.held ?? "");
    const mark = once?.onceMarkOf(this.namespace, this.task);
    const how = { isTimed: timeout !== undefined, once: mark, last };
    const files = this.#files = new RunFiles(this.namespace, run, this.task, how);
    await shim.go(this.#attendants?.words);
    this.#child = Number(await shim.expect("ready"));
    this.#write(files, run, (await later).startOf(this.#child));
  }

  async #register(launching: Launching): Promise<number> {
    const { keeper, namespace, task, options } = this;
    if (!options.replace) return await keeper.register(namespace, task, launching);
    const { replaceRun } = await import("./replace.ts");
    return await replaceRun(keeper, namespace, task, launching, options);
  }

  #write(files: RunFiles, run: string, sinceBoot: number | undefined): void {
    this.#record = recordOf(this.options, {
      run,
      task: this.task,
      inode: this.#inode,
      pid: this.#child,
      shim: this.#shim?.pid ?? 0,
      directory: this.#directory,
      log: this.#output.log?.path ?? null,
      stderr: this.#output.errors?.path ?? null,
      ...(sinceBoot === undefined ? {} : { sinceBoot }),
    });
    files.write(this.#record);
  }

  get #attendantPids(): ShellsBeside {
    return this.#attendants?.pids ?? { exit: undefined, time: undefined, beside: [] };
  }

  async #pool(): Promise<ShimPool | undefined> {
    const { batch, umask } = this.options;
    if (batch === undefined) return undefined;
    const { sharedPool } = await import("./shim/pool.ts");
    return await sharedPool(this.namespace, umask, batch);
  }

  #shimOptions(): ShimOptions {
    const { command, directory, foreground, umask, input, variables } = this.options;
    const { namespace } = this.namespace;
    const { log, errors } = this.#output;
    const environment = readCallerEnvironment(variables);
    return {
      foreground,
      command,
      umask,
      environment,
      id: this.#id,
      runs: runsDirectory(namespace),
      marks: this.options.once ? onceDirectory(namespace) : markDirectory(namespace),
      end: this.keeper.end,
      place: this.keeper.place(this.namespace, this.task),
      oomScore: oomScore(this.options.oomScore),
      look: this.#look,
      variables: {
        ...environment.given,
        LANCO_NAMESPACE: namespace,
        LANCO_TASK: this.task,
      },
      ...(input === undefined ? {} : { input: fromHere(input) }),
      ...(log === undefined ? {} : { log: log.path }),
      ...(errors === undefined ? {} : { errors: errors.path }),
      ...(directory === undefined ? {} : { directory }),
    };
  }

  /** Moves the processes out of the caller's cgroups into the task's own. */
  async enter(): Promise<void> {
    const pids = { shim: this.#shim?.pid ?? 0, child: this.#child, ...this.#attendantPids };
    this.#debug(`leave the caller's cgroups with process ${pids.child}`);
    const begin = performance.now();
    this.#isFrozen = await this.keeper.admit(this.namespace, this.task, pids, {
      inode: this.#inode,
      meanwhile: () => this.#openLog(),
      prepare: () => {
        this.#unlimited = setLimits(this.namespace, this.task, this.options.limits, this.options);
      },
    });
    this.#admission = performance.now() - begin;
  }

  async #openLog(): Promise<void> {
    await this.#output.rotate(this.options.keep);
    await this.#shim?.go();
    await this.#shim?.expect("opened");
    await this.#attendants?.openRun(this.#files?.directory ?? "");
    this.#output.check(this.#child);
    await this.#attendants?.openOutput(this.#child, this.#files);
  }

  /** Lets the child execute the command. */
  async execute(): Promise<Launched> {
    const [shim, record] = [this.#shim, this.#record];
    const { Execution, forgetOldRuns } = await import("./lazy_imports.ts");
    if (shim === undefined || record === undefined) {
      throw new Failed("the shim has not been started");
    }
    const [{ namespace }, { limits }] = [this.namespace, this.options];
    this.#unlimited.push(...limitProcesses(this.namespace, this.task, limits, this.options));
    const directory = this.#files?.directory ?? "";
    const cgroup = registered(namespace, this.task);
    const [child, restored] = [this.#child, this.#restored];
    const execution = new Execution({ child, cgroup, directory, restored });
    try {
      // They are armed first: they do nothing if the command was not executed.
      await this.#attendants?.arm(record, directory, { isFrozen: this.#isFrozen, watched: cgroup });
      this.#debug(`execute ${this.options.command[0]}`);
      await shim.go(this.#output.words);
      await execution.done(shim, this.#look);
    } finally {
      execution.close();
    }
    shim.release();
    notifyWatchers(namespace, this.task);
    try {
      forgetOldRuns(namespace);
    } catch (error) {
      // The task has been started all the same.
      this.#debug(`cannot forget old records: ${reason(error)}`);
    }
    const [pid, admission, unlimited] = [this.#child, this.#admission, this.#unlimited];
    return { pid, shim, record, admission, unlimited };
  }

  /**
   * Ends the processes of the launch and removes its cgroups and records. A step that fails, as for
   * want of descriptors, keeps no other from being taken, and hides no error of the launch.
   *
   * @returns whether another process had killed the shim or its child.
   */
  async undo(): Promise<boolean> {
    const { namespace, task } = this;
    let killed = false;
    const lift = () => this.#record && liftProcessLimit(namespace, task, this.#inode);
    const steps: (() => unknown)[] = [
      // The child cleans up, for which it may have to fork, as soon as its input is closed. That
      // frees a descriptor, with which the limit can be lifted if there was none.
      lift,
      () => this.#shim?.abandon(),
      lift,
      () => letGoOn(namespace, task, this.#inode),
      async () => killed = await abandon(namespace, task, this.#shim),
      () => this.#taking?.catch(() => {}),
      () => this.#attendants?.undo(this.#inode),
      () => this.keeper.close(namespace, this.#id, task),
      () => this.#files?.remove(),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        this.#debug(`cannot clean up: ${reason(error)}`);
      }
    }
    return killed;
  }

  #debug(message: string): void {
    this.options.debug?.(message);
  }
}
