// How a task is stopped, sent signals and paused.
import { actsForRoot, effectiveUser } from "../namespace/caller.ts";
import { NotRunning } from "../cli/errors.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { type Exit, runningExits } from "../task/exits.ts";
import { writeEntry } from "../task/journal.ts";
import { type StopRecord, writeStop } from "../task/record.ts";
import type { Signal } from "../task/signals.ts";
import { reap } from "../task/task.ts";
import { ExitTarget } from "./exit_target.ts";
import { Target } from "./target.ts";

/** How to stop a task. */
export interface StopOptions {
  /** The signal to ask with. */
  signal: Signal;
  /** How long to wait before killing, in milliseconds; 0 kills at once. */
  patience: number;
  /** Told of each step, for `-d`. */
  debug?: (message: string) => void;
}

/** One step: what is done to every process of the task, and how long it may take to work. */
export interface Step {
  /** The signal to send; SIGKILL goes to the whole tree at once. */
  signal: Signal;
  /** How long to wait for the end, in milliseconds. */
  wait: number;
}

/** How long the kernel may take to end what was killed, in milliseconds. */
const KILL_WAIT = 10_000;

/**
 * The steps of stopping: ask, wait two thirds of the patience, ask again, wait
 * the rest, kill. The original waits 20 s, 10 s and 5 s.
 */
export function stopPlan({ signal, patience }: Pick<StopOptions, "signal" | "patience">): Step[] {
  const kill: Step = { signal: "SIGKILL", wait: KILL_WAIT };
  if (patience === 0 || signal === "SIGKILL") return [kill];
  const first = Math.ceil(patience * 2 / 3);
  return [{ signal, wait: first }, { signal, wait: patience - first }, kill];
}

/**
 * Stops a task, or if it does not run, the exit commands of its earlier runs.
 *
 * @throws {NotRunning} if neither runs.
 * @throws {NotPermitted} if it is not the caller's.
 * @throws {Failed} if a process outlives even SIGKILL, or none of them can be seen.
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
    const exits = runningExits(namespace).filter((exit) => exit.task === task);
    if (exits.length === 0) throw error;
    await Promise.all(exits.map((exit) => stopExit(namespace, exit, options)));
  }
}

/**
 * Stops an exit command that runs, with all that it has started.
 *
 * @throws {NotPermitted} if it is not the caller's.
 * @throws {Failed} if a process outlives even SIGKILL, or none of them can be seen.
 */
export async function stopExit(
  namespace: Namespace,
  exit: Exit,
  options: StopOptions,
): Promise<void> {
  const target = new ExitTarget(namespace, exit);
  for (const { signal, wait } of stopPlan(options)) {
    options.debug?.(`send ${signal} to ${target.name}`);
    if (signal === "SIGKILL") await target.kill();
    else target.ask(signal);
    if (await target.ends(wait, signal === "SIGKILL")) return await target.settle();
  }
  throw target.stubborn();
}

/**
 * Stops a task: when this returns no process of it is left, whatever it forked. Before
 * the first blow nothing is done that an owner, by what he has made of his records,
 * could make fail or wait.
 *
 * @throws {NotRunning} if the task does not run.
 * @throws {NotPermitted} if it is not the caller's.
 * @throws {Failed} if a process outlives even SIGKILL, or none of them can be seen.
 */
async function stopTask(
  namespace: Namespace,
  task: string,
  options: StopOptions,
): Promise<void> {
  const target = Target.find(namespace, task);
  try {
    for (const [i, { signal, wait }] of stopPlan(options).entries()) {
      options.debug?.(`send ${signal} to task ${task}`);
      const how = i === 0 ? howStopped(namespace, signal) : undefined;
      // Who listens shall know it when he hears of the end; it neither fails nor waits.
      if (how) writeEntry(namespace.namespace, { what: "stop", run: target.run, task, ...how });
      if (signal === "SIGKILL") await target.kill();
      else target.ask(signal);
      if (how) writeStop(namespace.namespace, task, how);
      if (await target.ends(wait, signal === "SIGKILL")) return await settle(namespace, task);
    }
    throw target.stubborn();
  } finally {
    target.close();
  }
}

/**
 * Sends a signal to every process of a task.
 *
 * @throws {NotRunning} if the task does not run.
 * @throws {NotPermitted} if it is not the caller's.
 * @throws {Failed} if none of them can be seen.
 */
export function signal(namespace: Namespace, task: string, name: Signal): void {
  const target = Target.find(namespace, task);
  try {
    target.signal(name);
  } finally {
    target.close();
  }
}

/** What is to be written down; nothing by others than the owner, who may have put links there. */
function howStopped(namespace: Namespace, signal: Signal): StopRecord | undefined {
  if (effectiveUser() !== namespace.uid) return undefined;
  return { by: actsForRoot() ? "root" : namespace.owner, signal, at: Date.now() };
}

/** Waits until the release agent has made the name free again, or does so in its place. */
async function settle(namespace: Namespace, task: string): Promise<void> {
  try {
    await reap(namespace, task);
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error;
  }
}
