import { makeCgroup, move } from "../../cgroup/cgroup.ts";
import { setFrozen } from "../../cgroup/freezer.ts";
import { Failed } from "../../cli/errors.ts";
import type { Namespace } from "../../namespace/description.ts";
import {
  type CgroupsBeside,
  exitCommandCgroups,
  timeKeeperCgroups,
} from "../../namespace/paths.ts";
import type { AdmitOptions, Candidates } from "../keeper.ts";
import { whenOpen } from "../reopening.ts";
import { admissions } from "./release_agent_request.ts";
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
  const { inode } = options;
  const exitCgroups = exitCommandCgroups(namespace, task, inode);
  const timeCgroups = timeKeeperCgroups(namespace, task, inode);
  const isFrozen = exit !== undefined &&
    await whenOpen(namespace, () => enterFrozen(exit, exitCgroups));
  if (time !== undefined) await whenOpen(namespace, () => enter(time, timeCgroups));
  const request = { task, inode, exit: exit !== undefined, time: time !== undefined };
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
        : admissions.request(namespace, request);
      // It is awaited below, after this process has moved processes in the hierarchies of v1.
      admitted?.catch(() => {});
      try {
        const shells = [shim, exit, time, ...beside].filter((pid) => pid !== undefined);
        leaveCallerHierarchies(namespace, shells);
        enterTaskCgroups(namespace, task, child, isLast);
      } finally {
        await admitted;
      }
      if (!admitted && exitCgroups.other !== undefined && exit) move(exit, exitCgroups.other);
      if (!admitted && timeCgroups.other !== undefined && time) move(time, timeCgroups.other);
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

/** Moves a shell into its registered cgroup, and makes the other one for it. */
function enter(shell: number, { registered, other }: CgroupsBeside): void {
  makeCgroup(registered);
  move(shell, registered);
  if (other !== undefined) makeCgroup(other);
}

/** Does the same for the shell of an exit command, and freezes the other cgroup. Returns whether the host has a freezer. */
function enterFrozen(exit: number, cgroups: CgroupsBeside): boolean {
  enter(exit, cgroups);
  return cgroups.other !== undefined && setFrozen(cgroups.other, true);
}
