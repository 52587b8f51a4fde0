import { AlreadyRunning, Failed, NotRunning } from "../cli/errors.ts";
import type { Keeper, Launching } from "../keeper/keeper.ts";
import type { Namespace } from "../namespace/description.ts";
import { KILL_WAIT, patienceOf, stopTask } from "../stop/stop.ts";
import { untilStarted } from "../task/command_start.ts";
import type { LaunchOptions } from "./launch_options.ts";
import { STARTING } from "./other_launch.ts";
import { assertWithinNamespace } from "./set_limits.ts";
import { delay } from "../cli/sleep.ts";

/** How long another launch may take to give the name back, in milliseconds, before it is stopped. */
const GIVING_BACK = 2000;

/** How much longer than the stop of a run may take is waited for another launch that stops it, in milliseconds. */
const GRACE = 30_000;

/** The pause between two attempts, in milliseconds. */
const PAUSE = 5;

/**
 * Stops the run of a task that is under way, if there is one, and registers the task for a launch
 * whose shim has been taken. No other launch gets the name in between.
 *
 * @returns the inode of the registered cgroup.
 * @throws {NotPermitted} if a limit of the launch is more than that of the namespace: then nothing is stopped.
 * @throws {Failed} if a process of that run outlives SIGKILL, or another launch that replaces the
 * run does not end.
 */
export async function replaceRun(
  keeper: Keeper,
  namespace: Namespace,
  task: string,
  launching: Launching,
  { limits, debug }: Pick<LaunchOptions, "limits" | "debug">,
): Promise<number> {
  assertWithinNamespace(namespace, limits);
  await reserve(keeper, namespace, task, launching);
  for (;;) {
    // The caller of that launch is to be told that it has been started.
    await untilStarted(namespace.namespace, task, STARTING);
    await stopIfRunning(namespace, task, debug);
    const deadline = performance.now() + GIVING_BACK;
    while (performance.now() < deadline) {
      try {
        return await keeper.register(namespace, task, { ...launching, reserved: true });
      } catch (error) {
        if (!(error instanceof AlreadyRunning)) throw error;
      }
      await delay(PAUSE);
    }
  }
}

/** Waits until no other launch has reserved the name. */
async function reserve(
  keeper: Keeper,
  namespace: Namespace,
  task: string,
  launching: Launching,
): Promise<void> {
  const patience = patienceOf(namespace, task) + KILL_WAIT + GRACE;
  for (const deadline = performance.now() + patience; performance.now() < deadline;) {
    if (await keeper.reserve(namespace, task, launching)) return;
    await delay(PAUSE);
  }
  throw new Failed(
    `another "run --replace" of task ${task} has not ended in ${
      Math.round(patience / 1000)
    } s: see "ps"`,
  );
}

async function stopIfRunning(
  namespace: Namespace,
  task: string,
  debug: LaunchOptions["debug"],
): Promise<void> {
  try {
    await stopTask(namespace, task, { debug });
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error;
  }
}
