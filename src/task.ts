import { join } from "@std/path/posix/join";
import { cgroupTree, isGone, isPopulated, processes, removeCgroup } from "./cgroup/cgroup.ts";
import { Failed, NotRunning, reason } from "./errors.ts";
import { assertMounted, namedRoot, type Namespace, namespaceDirectory } from "./namespace.ts";

/** The task's cgroup in the named hierarchy: it is there while the task runs. */
export function registered(namespace: string, task: string): string {
  return join(namedRoot(namespace), `task-${task}`);
}

/** The directory of what was launched under a name, and of how it ended. */
export function runDirectory(namespace: string, task: string): string {
  return join(namespaceDirectory(namespace), "runs", task);
}

/** The task's own cgroups outside of the named hierarchy. */
export function taskCgroups(namespace: Namespace, task: string): string[] {
  const root = namespaceDirectory(namespace.namespace);
  return namespace.hierarchies.filter((hierarchy) => hierarchy.tasks)
    .map(({ name }) => join(root, name, `task-${task}`));
}

/**
 * The cgroup that holds the task's processes and nothing else; the named one has
 * the shim too. It is the unified one where there is one, else one of v1 that can
 * freeze, else any.
 */
export function trackingCgroup(namespace: Namespace, task: string): string {
  const own = namespace.hierarchies.filter((hierarchy) => hierarchy.tasks);
  const hierarchy = own.find(({ version }) => version === 2) ??
    own.find(({ name }) => name.split(",").includes("freezer")) ?? own[0];
  if (hierarchy === undefined) {
    throw new Failed(`namespace ${namespace.namespace} has no hierarchy to track tasks in`);
  }
  return join(namespaceDirectory(namespace.namespace), hierarchy.name, `task-${task}`);
}

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
  const cgroup = registered(namespace, task);
  try {
    const { ino } = Deno.statSync(cgroup);
    if (isPopulated(cgroup) && ino !== null) return ino;
  } catch (error) {
    if (!isGone(error)) throw new Failed(`cannot look at task ${task}: ${reason(error)}`);
  }
  assertMounted(namespace);
  return undefined;
}

/**
 * The running tasks of a namespace, sorted by name.
 *
 * @throws {NotInitialised} if there is no such namespace.
 */
export function runningTasks(namespace: string): string[] {
  assertMounted(namespace);
  const names: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(namedRoot(namespace))) {
    if (!isDirectory || !name.startsWith("task-")) continue;
    if (isPopulated(join(namedRoot(namespace), name))) names.push(name.slice("task-".length));
  }
  return names.sort();
}

/** The tasks of which there is a record, in no order. */
export function recordedTasks(namespace: string): string[] {
  const runs = Deno.readDirSync(join(namespaceDirectory(namespace), "runs"));
  // What starts with a dot is being made or removed.
  return [...runs].map(({ name }) => name).filter((name) => !name.startsWith("."));
}

/** The tasks that run or of which there is a record, sorted by name. */
export function knownTasks(namespace: string): string[] {
  return [...new Set([...recordedTasks(namespace), ...runningTasks(namespace)])].sort();
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
 * never came. Waits for the agent first.
 *
 * @param patience How long to wait for the agent, in milliseconds.
 * @returns whether the name is free.
 * @throws {NotRunning} if there is nothing to remove.
 */
export async function reap(namespace: Namespace, task: string, patience = 2000): Promise<boolean> {
  const cgroup = registered(namespace.namespace, task);
  if (cgroupTree(cgroup).length === 0) throw new NotRunning(task);
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    if (cgroupTree(cgroup).length === 0) return true;
    if (isPopulated(cgroup)) return false;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  for (const own of taskCgroups(namespace, task)) removeCgroup(own);
  return removeCgroup(cgroup);
}
