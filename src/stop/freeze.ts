import { isGone, isThere } from "../cgroup/cgroup.ts";
import { openFreezer, setFrozen, untilFrozen } from "../cgroup/freezer.ts";
import { Failed, NotOwner, NotRunning } from "../cli/errors.ts";
import { hasBegun } from "../task/begun.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { trackingCgroup } from "../task/places.ts";
import { writeEntry } from "../task/journal.ts";
import { identity } from "../task/task.ts";

/** How long a task may take to come to a stop, in milliseconds. */
const PATIENCE = 5000;

/**
 * Freezes a running task, or lets it go on; it may take a moment to come to a stop. What
 * is only being launched is waited for: frozen, it would keep `run` waiting.
 *
 * @throws {NotRunning} if the task does not run.
 * @throws {NotPermitted} if it is not the caller's.
 * @throws {Failed} if the host has no freezer.
 */
export async function freeze(namespace: Namespace, task: string, frozen: boolean): Promise<void> {
  const run = identity(namespace.namespace, task);
  if (run === undefined) throw new NotRunning(task);
  const cgroup = trackingCgroup(namespace, task);
  const isOver = () => identity(namespace.namespace, task) !== run;
  try {
    if (frozen) {
      await untilBegun(cgroup, task, isOver);
      freezeOnly(cgroup, task, isOver);
    } else if (!setFrozen(cgroup, false)) explain(cgroup, task, isOver);
    const what = frozen ? "pause" : "resume";
    writeEntry(namespace.namespace, { what, run, task, at: Date.now() });
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new NotOwner(`task ${task}`, namespace.owner);
  }
}

async function untilBegun(cgroup: string, task: string, isOver: () => boolean): Promise<void> {
  for (const deadline = performance.now() + PATIENCE; !hasBegun(cgroup);) {
    if (isOver()) throw new NotRunning(task);
    if (performance.now() > deadline) {
      throw new Failed(`cannot pause task ${task}: it has not begun yet`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Freezes this run, and not the next one of its name, which would never begin. */
function freezeOnly(cgroup: string, task: string, isOver: () => boolean): void {
  const freezer = openFreezer(cgroup);
  try {
    // What was opened is of this run.
    if (isOver()) throw new NotRunning(task);
    if (freezer === undefined) {
      explain(cgroup, task, isOver);
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

/** It has ended meanwhile, or the kernel is older than 5.2 and v1 has no freezer. */
function explain(cgroup: string, task: string, isOver: () => boolean): void {
  if (isOver()) throw new NotRunning(task);
  if (isThere(cgroup)) throw new Failed(`cannot pause task ${task}: this host has no freezer`);
}

/**
 * Waits until every process of a task that was frozen has stopped.
 *
 * @throws {Failed} if one does not.
 */
export async function untilHeld(namespace: Namespace, task: string): Promise<void> {
  if (await untilFrozen(trackingCgroup(namespace, task), PATIENCE)) return;
  throw new Failed(`task ${task} does not come to a stop: a process of it waits in the kernel`);
}
