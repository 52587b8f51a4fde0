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
import { requestAdmission } from "./release_agent_request.ts";
import {
  assertOutsideCallerCgroups,
  enterTaskCgroups,
  isInTaskCgroups,
  leaveCallerHierarchies,
  makeTaskCgroups,
} from "./cgroup_moves.ts";

/** Returns the staged cgroup of a launch: its processes enter it before the task is registered. */
function staged(namespace: Namespace, id: string): string {
  return `${namedRoot(namespace.namespace)}/new-${id}`;
}

/**
 * Makes the staged cgroup of a launch in the named hierarchy.
 *
 * @param id A unique word for this launch.
 * @returns the cgroup's inode, which does not change when `register` renames it.
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

/** Moves the shim into the staged cgroup; the processes that it starts later will be there, too. */
export function stage(namespace: Namespace, shim: number, id: string): Promise<void> {
  return moveMeanwhile(shim, staged(namespace, id));
}

/**
 * Removes the empty cgroups that `openStage` and `admit` have made: the kernel calls the release
 * agent only for cgroups that have had a process.
 */
export async function unstage(namespace: Namespace, id: string, task: string): Promise<void> {
  await removeWhenOpen(namespace, staged(namespace, id));
  // `admit` may have made the task's cgroups again after the release agent had removed them.
  if (isThere(registered(namespace.namespace, task))) return;
  for (const cgroup of taskCgroups(namespace, task)) removeCgroup(cgroup);
}

/**
 * Registers the task: renames the staged cgroup to the name of the task. Of several launches
 * only one can do so (rename(2)). A registered cgroup thus always has had a process, and if `run`
 * is killed the kernel calls the release agent, which removes the cgroup.
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
    // The run before may have ended without its release agent having removed the cgroup yet.
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

/** Thaws the task of a failed launch, which may have been paused, unless another run has its name now. */
export function letGoOn(namespace: Namespace, task: string, inode: number): void {
  if (registeredInode(namespace.namespace, task) === inode) {
    setFrozen(trackingCgroup(namespace, task), false);
  }
}

/** The process ids of the processes that are to leave the caller's cgroups. */
export interface Candidates {
  /** The shim. */
  shim: number;
  /** The task's first process. */
  child: number;
  /** The shell that will run the exit command, if there is one. */
  exit: number | undefined;
}

/** Options of `admit`. */
export interface AdmitOptions {
  /** The inode of the task's registered cgroup. */
  inode: number;
  /** Work to do while the release agent handles the admission request, or before the exit command is frozen. */
  meanwhile: () => Promise<unknown>;
  /** Called when the task's own cgroups have been made and are empty; again if they had to be made again. */
  prepare: () => void;
}

/**
 * Moves the shim, the task's first process and its exit command out of every cgroup of the
 * caller. The first two must be in the registered cgroup, and the command must not have been
 * executed yet.
 *
 * @returns whether the exit command is frozen: it is not if the host has no freezer for it.
 * @throws {Failed} if one of the processes is still in a cgroup of the caller.
 */
export async function admit(
  namespace: Namespace,
  task: string,
  candidates: Candidates,
  options: AdmitOptions,
): Promise<boolean> {
  const { shim, child, exit } = candidates;
  const waiting = options.meanwhile();
  // The promise may be rejected before it is awaited.
  waiting.catch(() => {});
  // The shell of the exit command takes part in that work, which it cannot do once it is frozen.
  if (exit !== undefined) await waiting;
  const exitCgroups = exit === undefined
    ? undefined
    : exitCommandCgroups(namespace, task, options.inode);
  const isFrozen = exitCgroups !== undefined && exit !== undefined &&
    await whenOpen(namespace, () => freezeExitCommand(exit, exitCgroups));
  const request = { task, inode: options.inode, exit: exitCgroups !== undefined };
  try {
    for (let tries = 0;; tries++) {
      const isLast = tries > 10;
      const isMade = await whenOpen(
        namespace,
        () => makeTaskCgroups(namespace, task, options.prepare),
      );
      if (!isMade && !isLast) continue;
      const admitted = namespace.layout === "legacy"
        ? undefined
        : requestAdmission(namespace, request);
      // It is awaited below, after this process has moved processes in the hierarchies of v1.
      admitted?.catch(() => {});
      try {
        leaveCallerHierarchies(namespace, [shim, ...(exit === undefined ? [] : [exit])]);
        enterTaskCgroups(namespace, task, child, isLast);
      } finally {
        await admitted;
      }
      const frozenCgroup = exitCgroups?.frozenCgroup;
      if (!admitted && frozenCgroup !== undefined && exit) move(exit, frozenCgroup);
      // The release agent of the run before may come late and have removed a cgroup.
      if (isInTaskCgroups(namespace, child, task)) break;
      if (isLast) {
        throw new Failed(
          `cannot move task ${task} into its cgroups: run "sudo lanco ${namespace.namespace} init" again`,
        );
      }
    }
  } finally {
    // An error of that work is the cause of any error above.
    await waiting;
  }
  for (const pid of [shim, child, exit]) {
    if (pid !== undefined) assertOutsideCallerCgroups(namespace, pid);
  }
  return isFrozen;
}

/**
 * Moves the shell of an exit command into its registered cgroup, and makes a frozen cgroup for it.
 * Returns whether the host has a freezer.
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
