// Stopping tasks and exit commands, sending signals to tasks, pausing and resuming them.
import { actsForRoot, effectiveUser } from "../namespace/caller.ts";
import { NotRunning } from "../cli/errors.ts";
import { keeperOf } from "../keeper/keeper_of.ts";
import type { Namespace } from "../namespace/description.ts";
import { type Exit, runningExitCommands } from "../task/exit_commands.ts";
import { notifyWatchers } from "../task/notify_watchers.ts";
import { currentRun, type RecordedRun, unlessBad } from "../task/records.ts";
import { writeStop } from "../task/record.ts";
import type { Signal } from "../task/signals.ts";
import { DEFAULT_MANNER } from "../task/stop_manner.ts";
import { runningInode } from "../task/task.ts";
import { ExitTarget } from "./exit_command_target.ts";
import { Target } from "./target.ts";

/** How to stop a task. What is missing is as the starter of the run has said, or else the default. */
export interface StopOptions {
  /** The signal that is sent before SIGKILL. */
  signal?: Signal | undefined;
  /** How long to wait before SIGKILL, in milliseconds; 0 kills at once. */
  patience?: number | undefined;
  /** Whether the signal goes to the command alone, and to all only if that has ended. */
  main?: boolean | undefined;
  /** Logs each step, for `-d`. */
  debug?: ((message: string) => void) | undefined;
}

/** One step of stopping: a signal to all processes, and the longest wait for the end after it. */
export interface Step {
  /** The signal; SIGKILL goes to the whole tree at once where the host has cgroup.kill. */
  signal: Signal;
  /** The longest wait, in milliseconds. */
  wait: number;
}

/** The longest wait for killed processes to end, in milliseconds. */
export const KILL_WAIT = 10_000;

/**
 * Returns the steps of stopping: the signal, two thirds of the patience, the signal again, the
 * rest of the patience, SIGKILL.
 */
export function stopPlan({ signal, patience }: { signal: Signal; patience: number }): Step[] {
  const kill: Step = { signal: "SIGKILL", wait: KILL_WAIT };
  if (patience === 0 || signal === "SIGKILL") return [kill];
  const first = Math.ceil(patience * 2 / 3);
  return [{ signal, wait: first }, { signal, wait: patience - first }, kill];
}

/** Returns how long a stop of a running task waits before SIGKILL, in milliseconds: see `StopOptions`. */
export function patienceOf(
  namespace: Namespace,
  task: string,
  { patience }: Pick<StopOptions, "patience"> = {},
): number {
  const inode = runningInode(namespace.namespace, task);
  const found = unlessBad(() => currentRun(namespace.namespace, task, inode));
  return patience ?? found?.record.stop?.timeout ?? DEFAULT_MANNER.timeout;
}

/**
 * Stops a task, or, if it is not running, the exit commands of its earlier runs.
 *
 * @throws {NotRunning} if neither is running.
 * @throws {NotPermitted} if the task belongs to another user.
 * @throws {Failed} if a process outlives SIGKILL, or all are in a PID namespace that the caller
 * cannot see into.
 */
export async function stop(
  namespace: Namespace,
  task: string,
  options: StopOptions,
): Promise<void> {
  try {
    return await stopTask(namespace, task, options);
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error;
    const exits = runningExitCommands(namespace).filter((exit) => exit.task === task);
    if (exits.length === 0) throw error;
    await Promise.all(exits.map((exit) => stopExit(namespace, exit, options)));
  }
}

/**
 * Stops a running exit command and all its child processes.
 *
 * @throws {NotPermitted} if it belongs to another user.
 * @throws {Failed} if a process outlives SIGKILL, or all are in a PID namespace that the caller
 * cannot see into.
 */
export async function stopExit(
  namespace: Namespace,
  exit: Exit,
  options: StopOptions,
): Promise<void> {
  const target = new ExitTarget(namespace, exit);
  const { signal = DEFAULT_MANNER.signal, patience = DEFAULT_MANNER.timeout, debug } = options;
  const steps = stopPlan({ signal, patience });
  await takeSteps(target, steps, (step) => target.sendAndThaw(step), debug);
  await target.untilRemoved();
}

/** Takes the steps of stopping a task or an exit command until it has ended. Throws as `stopExit` does. */
async function takeSteps(
  target: Target | ExitTarget,
  steps: readonly Step[],
  send: (signal: Signal) => void,
  debug: StopOptions["debug"],
): Promise<void> {
  for (const { signal, wait } of steps) {
    debug?.(`send ${signal} to ${target.name}`);
    if (signal === "SIGKILL") await target.kill();
    else send(signal);
    if (await target.untilEnded(wait, signal === "SIGKILL")) return;
  }
  throw target.stillRunning();
}

/**
 * Stops a running task as `stop` does, and no exit command: when this returns none of its processes
 * is left.
 */
export async function stopTask(
  namespace: Namespace,
  task: string,
  options: StopOptions,
): Promise<void> {
  using target = Target.find(namespace, task);
  const found = unlessBad(() => currentRun(namespace.namespace, task, target.inode));
  const { stop: said } = found?.record ?? {};
  const first = options.signal ?? said?.signal ?? DEFAULT_MANNER.signal;
  const patience = options.patience ?? said?.timeout ?? DEFAULT_MANNER.timeout;
  const main = options.main ?? said?.main ?? DEFAULT_MANNER.main;
  const steps = stopPlan({ signal: first, patience });
  // Recorded before the signal is sent, so that `events` reports the stop before the end.
  recordStop(namespace, task, found, steps[0]?.signal ?? first);
  const record = main ? found?.record : undefined;
  await takeSteps(target, steps, (step) => target.sendAndThaw(step, record), options.debug);
  await (await keeperOf(namespace)).reap(namespace, task);
}

/**
 * Sends a signal to every process of a task that the caller may signal.
 *
 * @throws {NotRunning} if the task is not running.
 * @throws {NotPermitted} if the caller may signal none of them.
 * @throws {Failed} if all are in a PID namespace that the caller cannot see into.
 */
export function signal(namespace: Namespace, task: string, name: Signal): void {
  using target = Target.find(namespace, task);
  target.signal(name);
}

/**
 * Records a stop, if the caller is the owner of the namespace: no other user writes into the owner's
 * directories, where there may be symbolic links. Does not fail or block, even if the owner has
 * replaced their records.
 */
function recordStop(
  { namespace, owner, uid }: Namespace,
  task: string,
  found: RecordedRun | undefined,
  signal: Signal,
): void {
  if (effectiveUser() !== uid) return;
  const by = actsForRoot() ? "root" : owner;
  if (found !== undefined) writeStop(found.directory, { by, signal, at: Date.now() });
  notifyWatchers(namespace, task);
}
