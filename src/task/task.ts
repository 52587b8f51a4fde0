// Which tasks of a namespace run.
import { inodeOf, isGone, processes, unlessHidden } from "../cgroup/cgroup.ts";
import { each } from "../cli/budget.ts";
import { Failed, reason } from "../cli/errors.ts";
import { isTaskPopulated } from "./population.ts";
import { isName, TASK_MAX } from "../cli/names.ts";
import type { Namespace } from "../namespace/description.ts";
import { assertMounted, readNamespace } from "../namespace/namespace.ts";
import { namedRoot, registered, trackingCgroup } from "../namespace/paths.ts";

/**
 * Returns whether a task runs: whether its registered cgroup is populated. A registered cgroup
 * without a process is that of a run that has ended, which the release agent has not removed yet.
 *
 * @throws {NotInitialised} if there is no such namespace.
 * @throws {Failed} if it cannot be found out.
 */
export function isRunning(namespace: string, task: string): boolean {
  return runningInode(namespace, task) !== undefined;
}

/**
 * Returns the inode of the registered cgroup of a running task, by which its run can be told from
 * other runs of the task; undefined if the task does not run.
 *
 * @throws {NotInitialised} if there is no such namespace.
 * @throws {Failed} if it cannot be found out.
 */
export function runningInode(namespace: string, task: string): number | undefined {
  try {
    const { ino } = Deno.statSync(registered(namespace, task));
    if (ino !== null && isTaskPopulated(namespace, task)) return ino;
  } catch (error) {
    if (error instanceof Failed) throw error;
    if (!isGone(error)) {
      // While the namespace is being released its owner may not enter: this throws if it is gone.
      if (error instanceof Deno.errors.PermissionDenied) readNamespace(namespace);
      throw new Failed(`cannot find out whether task ${task} runs: ${reason(error)}`);
    }
  }
  assertMounted(namespace);
  return undefined;
}

/**
 * Returns the inode of the registered cgroup of a task, whether or not it is populated; undefined
 * if there is none, or the namespace is being released, in which case no task runs.
 */
export function registeredInode(namespace: string, task: string): number | undefined {
  return unlessHidden(() => inodeOf(registered(namespace, task)), undefined);
}

/**
 * Returns the names of the running tasks of a namespace, sorted.
 *
 * @throws {NotInitialised} if there is no such namespace.
 */
export function runningTasks(namespace: string): string[] {
  assertMounted(namespace);
  return each(
    registeredTasks(namedRoot(namespace)),
    (task) => isTaskPopulated(namespace, task) ? [task] : [],
  ).sort();
}

/**
 * Returns the names of the tasks that have a registered cgroup, in no order. The owner of the
 * namespace can make other cgroups by hand: names that are no task's are left out.
 *
 * @param named The namespace's cgroup in the named hierarchy.
 */
export function registeredTasks(named: string): string[] {
  return [...Deno.readDirSync(named)]
    .filter(({ name, isDirectory }) => isDirectory && name.startsWith("task-"))
    .map(({ name }) => name.slice("task-".length))
    .filter((task) => isName(task, TASK_MAX));
}

/** Returns the process ids of a task, without its shim. */
export function taskProcesses(namespace: Namespace, task: string): number[] {
  return processes(trackingCgroup(namespace, task));
}
