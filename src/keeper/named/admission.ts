import { makeCgroup, move } from "../../cgroup/cgroup.ts";
import { setFrozen } from "../../cgroup/freezer.ts";
import { Failed } from "../../cli/errors.ts";
import type { Namespace } from "../../namespace/description.ts";
import {
  type ExitCommandCgroups,
  exitCommandCgroups,
  timeKeeperCgroups,
} from "../../namespace/paths.ts";
import type { AdmitOptions, Candidates } from "../keeper.ts";
import { whenOpen } from "../reopening.ts";
import { requestAdmission } from "./release_agent_request.ts";
import {
  assertOutsideCallerCgroups,
  enterTaskCgroups,
  isInTaskCgroups,
  leaveCallerHierarchies,
  makeTaskCgroups,
} from "./cgroup_moves.ts";

/** Does what `Keeper.admit` says: by itself in hierarchies of version 1, by the release agent in the unified one. */
export async function admit(
  namespace: Namespace,
  task: string,
  candidates: Candidates,
  options: AdmitOptions,
): Promise<boolean> {
  const { shim, child, exit, time, beside } = candidates;
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
  if (time !== undefined) {
    await whenOpen(namespace, () => enterTimeKeeper(namespace, task, time, options.inode));
  }
  const isTimed = time !== undefined;
  const request = { task, inode: options.inode, exit: exitCgroups !== undefined, time: isTimed };
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
        const shells = [shim, exit, time, ...beside].filter((pid) => pid !== undefined);
        leaveCallerHierarchies(namespace, shells);
        enterTaskCgroups(namespace, task, child, isLast);
      } finally {
        await admitted;
      }
      const frozenCgroup = exitCgroups?.frozenCgroup;
      if (!admitted && frozenCgroup !== undefined && exit) move(exit, frozenCgroup);
      const { other } = timeKeeperCgroups(namespace, task, options.inode);
      if (!admitted && other !== undefined && time) move(time, other);
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
  // Read anew, for all hierarchies and at the end: until then its owner could have moved one back.
  for (const pid of [shim, child, exit, time, ...beside]) {
    if (pid !== undefined) assertOutsideCallerCgroups(namespace, pid);
  }
  return isFrozen;
}

/** Moves the shell that keeps the time limit into its registered cgroup, and makes the other one for it. */
function enterTimeKeeper(namespace: Namespace, task: string, time: number, inode: number): void {
  const { registered, other } = timeKeeperCgroups(namespace, task, inode);
  makeCgroup(registered);
  move(time, registered);
  if (other !== undefined) makeCgroup(other);
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
