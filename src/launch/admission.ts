import { isThere, makeCgroup, move, moveMeanwhile, removeCgroup } from "../cgroup/cgroup.ts";
import { setFrozen } from "../cgroup/freezer.ts";
import { AlreadyRunning, Failed, NotPermitted, NotRunning } from "../cli/errors.ts";
import { effectiveUser } from "../namespace/caller.ts";
import type { Namespace } from "../namespace/description.ts";
import {
  type ExitCommandCgroups,
  exitCommandCgroups,
  namedRoot,
  registered,
  taskCgroups,
  trackingCgroup,
} from "../namespace/paths.ts";
import { removeWhenOpen, whenOpen } from "./reopening.ts";
import { reap, registeredInode } from "../task/task.ts";
import { requestAdmission } from "./admission_request.ts";
import {
  assertOutsideCallerCgroups,
  enterTaskCgroups,
  isInTaskCgroups,
  leaveCallerHierarchies,
  makeTaskCgroups,
} from "./cgroup_moves.ts";

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
  // What is isFrozen does nothing of that.
  if (exit !== undefined) await waiting;
  const place = exit === undefined ? undefined : exitCommandCgroups(namespace, task, options.inode);
  const isFrozen = place !== undefined && exit !== undefined &&
    await whenOpen(namespace, () => freezeExitCommand(exit, place));
  const request = { task, inode: options.inode, exit: place !== undefined };
  try {
    for (let tries = 0;; tries++) {
      const isLast = tries > 10;
      const room = await whenOpen(
        namespace,
        () => makeTaskCgroups(namespace, task, options.prepare),
      );
      if (!room && !isLast) continue;
      const opened = namespace.layout === "legacy"
        ? undefined
        : requestAdmission(namespace, request);
      // The agent is at work meanwhile.
      opened?.catch(() => {});
      try {
        leaveCallerHierarchies(namespace, [shim, ...(exit === undefined ? [] : [exit])]);
        enterTaskCgroups(namespace, task, child, isLast);
      } finally {
        await opened;
      }
      if (!opened && place?.frozenCgroup !== undefined && exit) move(exit, place.frozenCgroup);
      // A late release agent of the task before this one may have removed a cgroup.
      if (isInTaskCgroups(namespace, child, task)) break;
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
  for (const pid of [shim, child, exit]) {
    if (pid !== undefined) assertOutsideCallerCgroups(namespace, pid);
  }
  return isFrozen;
}

/**
 * Registers an exit command, and makes a cgroup for it in which it will sleep at once.
 * Returns whether the host can do that.
 */
function freezeExitCommand(
  exit: number,
  { registered, frozenCgroup }: ExitCommandCgroups,
): boolean {
  makeCgroup(registered);
  move(exit, registered);
  if (frozenCgroup === undefined) return false;
  makeCgroup(frozenCgroup);
  return setFrozen(frozenCgroup, true);
}
