// What a task is: whether it runs, its record and state, its processes and what they use.
import { isGone, isThere, processes, removeCgroup } from "../cgroup/cgroup.ts";
import { Failed, NotRunning, reason, RecordsClosed } from "../cli/errors.ts";
import { wakeExitCommands } from "./wake_exit_commands.ts";
import { isTaskPopulated } from "./population.ts";
import { isName, TASK_MAX } from "../cli/names.ts";
import type { Namespace } from "../namespace/description.ts";
import { assertMounted, readNamespace } from "../namespace/namespace.ts";
import { namedRoot, registered, taskCgroups, trackingCgroup } from "../namespace/paths.ts";
import { listRuns } from "./records.ts";

/**
 * Whether the task runs. A registered task without a process has ended, and its
 * release agent is on the way.
 *
 * @throws {NotInitialised} if there is no such namespace.
 * @throws {Failed} if it cannot be found out.
 */
export function isRunning(namespace: string, task: string): boolean {
  return identity(namespace, task) !== undefined;
}

/**
 * What tells this run of the task from any other of the same name: the inode of
 * its registered cgroup, or nothing if the task does not run.
 *
 * @throws {NotInitialised} if there is no such namespace.
 * @throws {Failed} if it cannot be found out.
 */
export function identity(namespace: string, task: string): number | undefined {
  try {
    const { ino } = Deno.statSync(registered(namespace, task));
    if (ino !== null && isTaskPopulated(namespace, task)) return ino;
  } catch (error) {
    if (error instanceof Failed) throw error;
    if (!isGone(error)) {
      // A release that has begun keeps its owner out.
      if (error instanceof Deno.errors.PermissionDenied) readNamespace(namespace);
      throw new Failed(`cannot look at task ${task}: ${reason(error)}`);
    }
  }
  assertMounted(namespace);
  return undefined;
}

/**
 * The inode of the registered cgroup of a task, if there is one, whether or not the task runs.
 * A release that keeps its owner out has found none that does.
 */
export function registeredInode(namespace: string, task: string): number | undefined {
  try {
    return Deno.statSync(registered(namespace, task)).ino ?? undefined;
  } catch (error) {
    if (isGone(error) || error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

/**
 * The running tasks of a namespace, sorted by name.
 *
 * @throws {NotInitialised} if there is no such namespace.
 */
export function runningTasks(namespace: string): string[] {
  assertMounted(namespace);
  return registeredTasks(namedRoot(namespace)).filter((task) => isTaskPopulated(namespace, task))
    .sort();
}

/** The tasks that have a cgroup in the named hierarchy. Whoever owns that can make others by hand. */
export function registeredTasks(named: string): string[] {
  return [...Deno.readDirSync(named)]
    .filter(({ name, isDirectory }) => isDirectory && name.startsWith("task-"))
    .map(({ name }) => name.slice("task-".length))
    .filter((task) => isName(task, TASK_MAX));
}

/**
 * The tasks of which there is a record, in no order.
 *
 * @throws {RecordsClosed} if they are not for the caller.
 */
export function recordedTasks(namespace: string): string[] {
  const { runs, former } = listRuns(namespace);
  return [...new Set([...runs.keys(), ...former])];
}

/** The tasks that run or of which there is a record that the caller may see, sorted by name. */
export function knownTasks(namespace: string): string[] {
  return [...new Set([...visibleRecords(namespace), ...runningTasks(namespace)])].sort();
}

function visibleRecords(namespace: string): string[] {
  try {
    return recordedTasks(namespace);
  } catch (error) {
    if (error instanceof RecordsClosed) return [];
    throw error;
  }
}

/** The tasks that run, and those that have ended and of which there is a record; sorted by name. */
export function allTasks(namespace: string): { running: string[]; finished: string[] } {
  // In this order: one that is started in between was not recorded, one that ends has a record.
  const recorded = recordedTasks(namespace);
  const running = runningTasks(namespace);
  const runs = new Set(running);
  return { running, finished: recorded.filter((name) => !runs.has(name)).sort() };
}

/** The processes of a task, without its shim. */
export function taskProcesses(namespace: Namespace, task: string): number[] {
  return processes(trackingCgroup(namespace, task));
}

/**
 * Removes what is left of a task that has ended, for an agent that was killed or
 * never came, and wakes its exit command. Waits for the agent first.
 *
 * @param patience How long to wait for the agent, in milliseconds.
 * @returns whether the name is free.
 * @throws {NotRunning} if there is nothing to remove.
 */
export async function reap(namespace: Namespace, task: string, patience = 2000): Promise<boolean> {
  const cgroup = registered(namespace.namespace, task);
  if (!isThere(cgroup)) throw new NotRunning(task);
  const deadline = performance.now() + patience;
  while (performance.now() < deadline) {
    if (!isThere(cgroup)) return true;
    if (isTaskPopulated(namespace.namespace, task)) return false;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  for (const own of taskCgroups(namespace, task)) removeCgroup(own);
  const free = removeCgroup(cgroup);
  if (free) wakeExitCommands(namespace, task);
  return free;
}
