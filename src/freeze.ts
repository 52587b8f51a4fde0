import { freezerOf } from "./cgroup/freezer.ts";
import { Failed, NotPermitted, NotRunning } from "./errors.ts";
import type { Namespace } from "./namespace.ts";
import { isRunning } from "./task.ts";

/**
 * Freezes a running task, or lets it go on; it may take a moment to come to a stop.
 *
 * @throws {NotRunning} if the task does not run.
 * @throws {NotPermitted} if it is not the caller's.
 * @throws {Failed} if the host has no freezer.
 */
export function freeze(namespace: Namespace, task: string, frozen: boolean): void {
  if (!isRunning(namespace.namespace, task)) throw new NotRunning(task);
  try {
    if (!freezerOf(namespace, task).set(frozen)) {
      // It has ended meanwhile, or the kernel is older than 5.2 and v1 has no freezer.
      if (!isRunning(namespace.namespace, task)) throw new NotRunning(task);
      throw new Failed(`cannot pause task ${task}: this host has no freezer`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new NotPermitted(`task ${task} belongs to ${namespace.owner}`);
  }
}
