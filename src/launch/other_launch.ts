import { AlreadyRunning } from "../cli/errors.ts";
import { delay } from "../cli/sleep.ts";
import { runningInode } from "../task/task.ts";

/** How long is waited for another launch of a task to execute its command, in milliseconds. */
export const STARTING = 10_000;

/** The pause between two looks, in milliseconds. */
const PAUSE = 5;

/** How many looks in a row must find nothing of a launch, if no record of the run can be read. */
const LOOKS = 40;

/**
 * Launches a task, unless it runs. Another launch of the task that is under way may still fail, or be
 * killed: its end is waited for, and then the task is launched after all. So who is told that the
 * task runs already can rely on it.
 *
 * @returns the value of the launch.
 * @throws {AlreadyRunning} if the task runs, or is still being started by another launch after ten
 * seconds; the errors of the launch.
 */
export async function unlessStarted<T>(
  namespace: string,
  task: string,
  launching: () => Promise<T>,
): Promise<T> {
  for (const deadline = performance.now() + STARTING;;) {
    try {
      return await launching();
    } catch (error) {
      if (!(error instanceof AlreadyRunning)) throw error;
      if (await isStarted(namespace, task, deadline) || performance.now() > deadline) throw error;
      await delay(PAUSE);
    }
  }
}

/**
 * Waits until the command of the run that has the name is executed, or the name is free.
 *
 * @returns whether it is executed.
 * @throws {AlreadyRunning} if neither has happened in time.
 */
async function isStarted(namespace: string, task: string, deadline: number): Promise<boolean> {
  const { isBeingStarted } = await import("../task/command_start.ts");
  const { currentRun, unlessBad } = await import("../task/records.ts");
  for (let unseen = 0; performance.now() < deadline; await delay(PAUSE)) {
    const inode = runningInode(namespace, task);
    if (inode === undefined) return false;
    if (unlessBad(() => currentRun(namespace, task, inode))?.status.executed) return true;
    // While the processes of a launch end, their command lines cannot be read.
    unseen = await isBeingStarted(namespace, task) ? 0 : unseen + 1;
    if (unseen > LOOKS) return true;
  }
  throw new AlreadyRunning(task, "is being started by another run, which waits or is stopped");
}
