import { existsSync } from "@std/fs/exists";
import { join } from "@std/path/posix/join";
import { isGone, makeCgroup, move, moveMeanwhile, removeCgroup } from "./cgroup/cgroup.ts";
import { AlreadyRunning, Failed, NotRunning } from "./errors.ts";
import { namedRoot, type Namespace, namespaceDirectory } from "./namespace.ts";
import { cgroupsOf } from "./process.ts";
import { reap, registered, taskCgroups } from "./task.ts";

/** How long the release agent may take to answer, in milliseconds. */
const PATIENCE = 5000;

/** The cgroup of the named hierarchy that a task's first processes enter before it has a name. */
function staged(namespace: Namespace, id: string): string {
  return join(namedRoot(namespace.namespace), `new-${id}`);
}

/**
 * Puts the shim into a cgroup of the named hierarchy, the first step to a name.
 *
 * @param id What tells this `run` from all others.
 */
export function stage(namespace: Namespace, shim: number, id: string): Promise<void> {
  makeCgroup(staged(namespace, id));
  return moveMeanwhile(shim, staged(namespace, id));
}

/** Removes what `stage` has made; the release agent comes only if a process was in it. */
export function unstage(namespace: Namespace, id: string): void {
  removeCgroup(staged(namespace, id));
}

/**
 * Takes the name: the staged cgroup gets it by rename(2), which only one can do. So
 * a task is never registered without a process, and when `run` is killed the kernel
 * takes the name back with its last process.
 *
 * @param child The task's first process, which joins the shim.
 * @throws {AlreadyRunning} if the task runs.
 */
export async function register(
  namespace: Namespace,
  task: string,
  child: number,
  id: string,
): Promise<void> {
  move(child, staged(namespace, id));
  for (;;) {
    try {
      return Deno.renameSync(staged(namespace, id), registered(namespace.namespace, task));
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    // One that has ended, whose release agent is on the way or was killed.
    if (!await ended(namespace, task)) throw new AlreadyRunning(task);
  }
}

async function ended(namespace: Namespace, task: string): Promise<boolean> {
  try {
    return await reap(namespace, task);
  } catch (error) {
    if (error instanceof NotRunning) return true;
    throw error;
  }
}

/** What `admit` leaves to its caller. */
export interface AdmitOptions {
  /** Something to do while the release agent is at work. */
  meanwhile: () => Promise<unknown>;
  /** Called when the task's own cgroups have been made and are empty; once more if it must be. */
  prepare: () => void;
}

/**
 * Takes the shim and the task's first process out of every cgroup of the caller.
 * Call it with both registered; nothing of the task may have been run.
 *
 * @throws {Failed} if one of them is still in a cgroup of the caller.
 */
export async function admit(
  namespace: Namespace,
  task: string,
  { shim, child }: { shim: number; child: number },
  { meanwhile, prepare }: AdmitOptions,
): Promise<void> {
  const root = namespaceDirectory(namespace.namespace);
  for (const { name, version } of namespace.hierarchies) {
    if (version !== 1) continue;
    // In v1 the owner may move what is his.
    try {
      for (const pid of [shim, child]) move(pid, join(root, name));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Failed(
        `the cgroup of namespace ${namespace.namespace} in hierarchy ${name} is gone: run "sudo lanco ${namespace.namespace} init" again`,
      );
    }
  }
  const unified = namespace.hierarchies.some(({ version }) => version === 2);
  await Promise.all([unified ? enter(namespace, task) : undefined, meanwhile()]);
  occupy(namespace, task, child, prepare);
  assertAway(namespace, shim);
  assertAway(namespace, child);
}

/**
 * Asks the release agent to let the registered processes into `unified/shims`. A
 * cgroup is "released" when its last child is removed (cgroups v1, notify_on_release).
 */
async function enter(namespace: Namespace, task: string): Promise<void> {
  const door = join(namedRoot(namespace.namespace), `enter-${task}`);
  const deadline = Date.now() + PATIENCE;
  ring(door);
  while (existsSync(door)) {
    if (Date.now() > deadline) {
      removeCgroup(door);
      throw new Failed(
        `the release agent does not answer: run "sudo lanco ${namespace.namespace} init" again`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function ring(door: string): void {
  for (let tries = 0;; tries++) {
    makeCgroup(door);
    try {
      makeCgroup(join(door, "bell"));
      return Deno.removeSync(join(door, "bell"));
    } catch (error) {
      // The agent took away a door that another `run` had left.
      if (!isGone(error) || tries > 100) throw error;
    }
  }
}

/** Makes the task's own cgroups, new ones, and moves its first process into them. */
function occupy(namespace: Namespace, task: string, child: number, prepare: () => void): void {
  const cgroups = taskCgroups(namespace, task);
  for (let tries = 0;; tries++) {
    try {
      for (const cgroup of cgroups) {
        removeCgroup(cgroup);
        makeCgroup(cgroup);
      }
      prepare();
      for (const cgroup of cgroups) move(child, cgroup);
      return;
    } catch (error) {
      // A late release agent of the task before this one has removed one of them.
      if (!isGone(error) || tries > 10) throw error;
    }
  }
}

/** @throws {Failed} if the process is in a cgroup that is not the namespace's. */
function assertAway(namespace: Namespace, pid: number): void {
  const cgroups = cgroupsOf(pid);
  for (const { name } of namespace.hierarchies) {
    const path = cgroups.get(name);
    if (path !== undefined && !`${path}/`.includes(`/lanco-${namespace.namespace}/`)) {
      throw new Failed(
        `the task did not leave its caller's cgroup ${path} of ${name}: run "sudo lanco ${namespace.namespace} init" again`,
      );
    }
  }
}
