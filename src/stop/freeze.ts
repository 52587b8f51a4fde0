import { isGone, isThere } from "../cgroup/cgroup.ts";
import { openFreezer, setFrozen, untilFrozen } from "../cgroup/freezer.ts";
import { Failed, NotOwner, NotRunning } from "../cli/errors.ts";
import { type AwaitedRun, awaitStart } from "../task/command_start.ts";
import type { Namespace } from "../namespace/description.ts";
import { trackingCgroup } from "../namespace/paths.ts";
import { notifyWatchers } from "../task/notify_watchers.ts";
import { type Pause, writePause } from "../task/pauses.ts";
import { currentRun, unlessBad } from "../task/records.ts";
import { runningInode } from "../task/task.ts";

/** The longest wait for a task to freeze, in milliseconds. */
const FREEZE_TIMEOUT = 5000;

/**
 * Freezes a running task, or thaws it. The processes of a frozen task stop a moment later: see
 * `untilHeld`. A task whose command is not executed yet is waited for, since to freeze it would
 * block `run`.
 *
 * @throws {NotRunning} if the task is not running.
 * @throws {NotPermitted} if it belongs to another user.
 * @throws {Failed} if the host has no freezer, or the command is not executed in 5 seconds.
 */
export async function freeze(namespace: Namespace, task: string, frozen: boolean): Promise<void> {
  const inode = runningInode(namespace.namespace, task);
  if (inode === undefined) throw new NotRunning(task);
  const cgroup = trackingCgroup(namespace, task);
  const isOver = () => runningInode(namespace.namespace, task) !== inode;
  const run = { task, cgroup, isOver };
  try {
    if (frozen) {
      await awaitStart(run, `pause task ${task}`);
      freezeRun(run);
    } else await thaw(run);
    recordPause(namespace.namespace, task, inode, frozen ? "pause" : "resume");
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new NotOwner(`task ${task}`, namespace.owner);
  }
}

/** Records a pause or a resumption. Does not fail, even if the owner has replaced their records. */
function recordPause(namespace: string, task: string, inode: number, what: Pause["what"]): void {
  const found = unlessBad(() => currentRun(namespace, task, inode));
  if (found !== undefined) writePause(found.directory, { what, at: Date.now() });
  notifyWatchers(namespace, task);
}

/** Thaws a task, whose cgroup is made a moment after the task has been registered. */
async function thaw(run: AwaitedRun): Promise<void> {
  await awaitStart(run, `resume task ${run.task}`, () => {
    const wasThere = isThere(run.cgroup);
    const isThawed = setFrozen(run.cgroup, false);
    if (!isThawed && wasThere) throwReason(run);
    return isThawed;
  });
}

/** Freezes this run, and never the next one of the task: frozen too early it would block `run`. */
function freezeRun(run: AwaitedRun): void {
  const { task, cgroup, isOver } = run;
  const freezer = openFreezer(cgroup);
  try {
    // The freezer is open: if the run is not over now, it is the freezer of this run.
    if (isOver()) throw new NotRunning(task);
    if (freezer === undefined) {
      throwReason(run);
      throw new NotRunning(task);
    }
    freezer.freeze();
  } catch (error) {
    if (!isGone(error)) throw error;
    throw new NotRunning(task);
  } finally {
    freezer?.close();
  }
}

/**
 * Throws the reason why the freezer could not be written: the run is over, or the host has no
 * freezer (in v2 it came with Linux 5.2).
 */
function throwReason({ task, cgroup, isOver }: AwaitedRun): void {
  if (isOver()) throw new NotRunning(task);
  if (isThere(cgroup)) {
    throw new Failed(`cannot pause task ${task}: this host has no freezer: see "lanco doctor"`);
  }
}

/**
 * Waits until every process of a task that is being frozen has stopped.
 *
 * @throws {Failed} if a process has not stopped in 5 seconds.
 */
export async function untilHeld(namespace: Namespace, task: string): Promise<void> {
  if (await untilFrozen(trackingCgroup(namespace, task), FREEZE_TIMEOUT)) return;
  throw new Failed(
    `task ${task} is not fully paused yet: one of its processes is in uninterruptible sleep, and pauses when that ends`,
  );
}
