import { isThere } from "../cgroup/cgroup.ts";
import { setFrozen, untilFrozen } from "../cgroup/freezer.ts";
import { Failed, NotPermitted, NotRunning } from "../cli/errors.ts";
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
  try {
    for (const deadline = performance.now() + PATIENCE; frozen && !hasBegun(cgroup);) {
      if (identity(namespace.namespace, task) !== run) throw new NotRunning(task);
      if (performance.now() > deadline) {
        throw new Failed(`cannot pause task ${task}: it has not begun yet`);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (!setFrozen(cgroup, frozen)) {
      // It has ended meanwhile, or the kernel is older than 5.2 and v1 has no freezer.
      if (identity(namespace.namespace, task) !== run) throw new NotRunning(task);
      if (isThere(cgroup)) throw new Failed(`cannot pause task ${task}: this host has no freezer`);
    }
    const what = frozen ? "pause" : "resume";
    writeEntry(namespace.namespace, { what, run, task, at: Date.now() });
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new NotPermitted(`task ${task} belongs to ${namespace.owner}`);
  }
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
