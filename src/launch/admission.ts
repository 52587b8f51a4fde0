import { existsSync } from "@std/fs/exists";
import {
  isGone,
  isThere,
  makeCgroup,
  move,
  moveMeanwhile,
  removeCgroup,
} from "../cgroup/cgroup.ts";
import { setFrozen } from "../cgroup/freezer.ts";
import { AlreadyRunning, Failed, NotPermitted, NotRunning, reason } from "../cli/errors.ts";
import { effectiveUser } from "../namespace/caller.ts";
import { namedRoot, type Namespace, namespaceDirectory } from "../namespace/namespace.ts";
import {
  type ExitPlace,
  exitPlace,
  registered,
  taskCgroups,
  trackingCgroup,
} from "../task/places.ts";
import { removeWhenOpen, whenOpen } from "./closed.ts";
import { cgroupsOf } from "../task/process.ts";
import { reap, registeredInode } from "../task/task.ts";
import { letIn } from "./door.ts";

/** The cgroup of the named hierarchy that a task's first processes enter before it has a name. */
function staged(namespace: Namespace, id: string): string {
  return `${namedRoot(namespace.namespace)}/new-${id}`;
}

/**
 * Makes a cgroup of the named hierarchy, the first step to a name.
 *
 * @param id What tells this `run` from all others.
 * @returns the cgroup's inode, which stays when it gets its name.
 * @throws {NotPermitted} if the caller does not own the namespace.
 */
export async function openStage(namespace: Namespace, id: string): Promise<number> {
  await whenOpen(namespace, () => {
    try {
      makeCgroup(staged(namespace, id));
    } catch (error) {
      const { namespace: name, owner, uid } = namespace;
      if (!(error instanceof Deno.errors.PermissionDenied) || effectiveUser() === uid) throw error;
      throw new NotPermitted(
        `namespace ${name} belongs to ${owner}: run it as that user, e.g. with "sudo -u ${owner}"`,
      );
    }
  });
  const { ino } = Deno.statSync(staged(namespace, id));
  if (ino === null) throw new Failed("the named hierarchy has no inodes");
  return ino;
}

/** Puts the shim into it, and so what that starts later. */
export function stage(namespace: Namespace, shim: number, id: string): Promise<void> {
  return moveMeanwhile(shim, staged(namespace, id));
}

/**
 * Removes what `openStage` and `admit` have made, as far as it is empty; the release agent
 * comes only if a process was in it.
 */
export async function unstage(namespace: Namespace, id: string, task: string): Promise<void> {
  await removeWhenOpen(namespace, staged(namespace, id));
  // Those that were made again when the release agent had been there already.
  if (isThere(registered(namespace.namespace, task))) return;
  for (const cgroup of taskCgroups(namespace, task)) removeCgroup(cgroup);
}

/**
 * Takes the name: the staged cgroup gets it by rename(2), which only one can do. So
 * a task is never registered without a process, and when `run` is killed the kernel
 * takes the name back with its last process.
 *
 * @throws {AlreadyRunning} if the task runs.
 */
export async function register(namespace: Namespace, task: string, id: string): Promise<void> {
  for (;;) {
    try {
      const name = registered(namespace.namespace, task);
      return await whenOpen(namespace, () => Deno.renameSync(staged(namespace, id), name));
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

/** Lets a run that is given up end, if somebody has paused it; not one that has its name now. */
export function letGoOn(namespace: Namespace, task: string, inode: number): void {
  if (registeredInode(namespace.namespace, task) === inode) {
    setFrozen(trackingCgroup(namespace, task), false);
  }
}

/** What leaves the caller's cgroups. */
export interface Candidates {
  /** The shim. */
  shim: number;
  /** The task's first process. */
  child: number;
  /** What waits for the end of the task to run its exit command, if anything does. */
  exit: number | undefined;
}

/** What `admit` is to be told. */
export interface AdmitOptions {
  /** The inode of the task's registered cgroup. */
  inode: number;
  /** Something to do while the release agent is at work, or before the exit command sleeps. */
  meanwhile: () => Promise<unknown>;
  /** Called when the task's own cgroups have been made and are empty; once more if it must be. */
  prepare: () => void;
}

/**
 * Takes the shim, the task's first process and its exit command out of every cgroup of
 * the caller. Call it with the first two registered; nothing of the task may have been run.
 *
 * @returns whether the exit command sleeps: not if the host cannot freeze it.
 * @throws {Failed} if one of them is still in a cgroup of the caller.
 */
export async function admit(
  namespace: Namespace,
  task: string,
  candidates: Candidates,
  options: AdmitOptions,
): Promise<boolean> {
  const { shim, child, exit } = candidates;
  const waiting = options.meanwhile();
  // It may be refused long before it is waited for.
  waiting.catch(() => {});
  // What is asleep does nothing of that.
  if (exit !== undefined) await waiting;
  const place = exit === undefined ? undefined : exitPlace(namespace, task, options.inode);
  const asleep = place !== undefined && exit !== undefined &&
    await whenOpen(namespace, () => layDown(exit, place));
  const entrant = { task, inode: options.inode, exit: place !== undefined };
  try {
    for (let tries = 0;; tries++) {
      const isLast = tries > 10;
      const room = await whenOpen(namespace, () => makeRoom(namespace, task, options.prepare));
      if (!room && !isLast) continue;
      const opened = namespace.layout === "legacy" ? undefined : letIn(namespace, entrant);
      // The agent is at work meanwhile.
      opened?.catch(() => {});
      try {
        leaveOldHierarchies(namespace, [shim, ...(exit === undefined ? [] : [exit])]);
        occupy(namespace, task, child, isLast);
      } finally {
        await opened;
      }
      if (!opened && place?.bed !== undefined && exit) move(exit, place.bed);
      // A late release agent of the task before this one may have removed a cgroup.
      if (isAt(namespace, child, task)) break;
      if (isLast) {
        throw new Failed(
          `task ${task} does not come into its cgroups: run "sudo lanco ${namespace.namespace} init" again`,
        );
      }
    }
  } finally {
    // If it was refused, that is why.
    await waiting;
  }
  for (const pid of [shim, child, exit]) if (pid !== undefined) assertAway(namespace, pid);
  return asleep;
}

/**
 * Registers an exit command, and makes a cgroup for it in which it will sleep at once.
 * Returns whether the host can do that.
 */
function layDown(exit: number, { registered, bed }: ExitPlace): boolean {
  makeCgroup(registered);
  move(exit, registered);
  if (bed === undefined) return false;
  makeCgroup(bed);
  return setFrozen(bed, true);
}

/** In v1 the owner may move what is his: out of his caller's cgroups into the namespace's. */
function leaveOldHierarchies(namespace: Namespace, pids: readonly number[]): void {
  const root = namespaceDirectory(namespace.namespace);
  const places = new Map(pids.map((pid) => [pid, cgroupsOf(pid)]));
  for (const { name, version } of namespace.hierarchies) {
    if (version !== 1) continue;
    try {
      for (const [pid, place] of places) {
        if (!isOut(namespace, place.get(name))) move(pid, `${root}/${name}`);
      }
    } catch (error) {
      throw explained(error, namespace, name);
    }
  }
}

/** Whether a cgroup is the namespace's own, and no task's: what the nursery forks is there already. */
function isOut({ namespace }: Namespace, path = ""): boolean {
  return path.endsWith(`/lanco-${namespace}`);
}

function explained(error: unknown, { namespace }: Namespace, hierarchy: string): unknown {
  // EAGAIN: cgroup.max.descendants is reached.
  if (error instanceof Error && error.message.includes("os error 11)")) {
    return new Failed(
      `namespace ${namespace} has as many cgroups as it may have: stop tasks, or remove the cgroups that they have made`,
    );
  }
  // EINVAL: a cgroup of v1 has no share of real time unless it is given one (sched-rt-group.rst).
  if (
    reason(error).includes("os error 22)") &&
    existsSync(`${namespaceDirectory(namespace)}/${hierarchy}/cpu.rt_runtime_us`)
  ) {
    return new Failed(
      `hierarchy ${hierarchy} of cgroup version 1 takes no real-time process: start it as an ordinary one, with "chrt -o 0 lanco ${namespace} run ..."`,
    );
  }
  if (!(error instanceof Deno.errors.NotFound)) return error;
  return new Failed(
    `the cgroup of namespace ${namespace} in hierarchy ${hierarchy} is gone: run "sudo lanco ${namespace} init" again`,
  );
}

/**
 * Makes the task's own cgroups, new ones. Returns whether all are there: an agent that
 * comes late may have removed one.
 */
function makeRoom(namespace: Namespace, task: string, prepare: () => void): boolean {
  try {
    for (const cgroup of taskCgroups(namespace, task)) {
      if (makeCgroup(cgroup)) continue;
      removeCgroup(cgroup);
      makeCgroup(cgroup);
    }
    prepare();
    return true;
  } catch (error) {
    return isGoneAgain(namespace, error);
  }
}

/** Moves the task's first process into the cgroups of v1 that are the task's, or all tasks'. */
function occupy(namespace: Namespace, task: string, child: number, isLast: boolean): void {
  const root = namespaceDirectory(namespace.namespace);
  const place = cgroupsOf(child);
  let hierarchy = "";
  try {
    for (const { name, version, tasks } of namespace.hierarchies) {
      if (version !== 1) continue;
      hierarchy = name;
      if (tasks) move(child, `${root}/${name}/task-${task}`);
      else if (!isOut(namespace, place.get(name))) move(child, `${root}/${name}`);
    }
  } catch (error) {
    const known = explained(error, namespace, hierarchy);
    if (isLast || !isGone(error)) throw known;
    isGoneAgain(namespace, error);
  }
}

/** @returns false if a cgroup was removed that can be made again; else this is why nothing can be done. */
function isGoneAgain(namespace: Namespace, error: unknown): false {
  const root = namespaceDirectory(namespace.namespace);
  const lost = namespace.hierarchies.find(({ name }) =>
    !existsSync(`${root}/${name}/cgroup.procs`)
  );
  if (lost !== undefined) throw explained(error, namespace, lost.name);
  if (!isGone(error)) throw explained(error, namespace, "unified");
  return false;
}

/** Whether the task's first process is where it belongs, in each hierarchy. */
function isAt(namespace: Namespace, child: number, task: string): boolean {
  const cgroups = cgroupsOf(child);
  return namespace.hierarchies.filter(({ tasks }) => tasks).every(({ name }) =>
    cgroups.get(name)?.endsWith(`/lanco-${namespace.namespace}/task-${task}`)
  );
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
