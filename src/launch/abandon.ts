import { processes } from "../cgroup/cgroup.ts";
import { setFrozen } from "../cgroup/freezer.ts";
import { keeperOf } from "../keeper/keeper_of.ts";
import { whyFrozen } from "../namespace/frozen.ts";
import type { Namespace } from "../namespace/description.ts";
import { memberCgroups, trackingCgroup } from "../namespace/paths.ts";
import { isTaskPopulated } from "../task/population.ts";
import { send } from "../task/signals.ts";
import { registeredInode } from "../task/task.ts";
import { delay } from "../cli/sleep.ts";
import type { Shim } from "./shim/shim.ts";

/** How long the shim of a failed launch may take to end, in milliseconds; and in a frozen namespace. */
const END_TIMEOUT = 30_000, FROZEN_TIMEOUT = 3000;

/** Thaws the task of a failed launch, which may have been paused, unless another run has its name now. */
export function letGoOn(namespace: Namespace, task: string, inode: number): void {
  if (registeredInode(namespace.namespace, task) === inode) {
    setFrozen(trackingCgroup(namespace, task), false);
  }
}

/**
 * Waits until the shim and the first process of a failed launch have ended, and their registered
 * cgroup has been removed. In a frozen namespace it kills them instead.
 *
 * @returns whether another process had killed them.
 */
export async function abandon(namespace: Namespace, task: string, shim?: Shim): Promise<boolean> {
  if (shim === undefined) return false;
  const ended = await Promise.race([shim.status, delay(FROZEN_TIMEOUT)]) ??
    (whyFrozen(namespace) === undefined
      ? await Promise.race([shim.status, delay(END_TIMEOUT)])
      : undefined);
  if (ended === undefined) {
    // A frozen process cannot end by itself: the signal kills it now, or as soon as it is thawed.
    kill(namespace, task, shim);
    return false;
  }
  const { code, signal } = ended;
  if (!isTaskPopulated(namespace.namespace, task)) {
    await (await keeperOf(namespace)).reap(namespace, task);
  }
  return signal !== null || code > 128;
}

function kill(namespace: Namespace, task: string, shim: Shim): void {
  const members = memberCgroups(namespace.namespace, task).flatMap(processes);
  // They belong to this launch only if its shim is in it: the shim, not waited
  // for yet, still has its process id.
  if (!members.includes(shim.pid)) return;
  send(members, "SIGKILL");
}
