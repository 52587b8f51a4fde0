import { processes } from "../cgroup/cgroup.ts";
import { NotRunning } from "../cli/errors.ts";
import { whyFrozen } from "../namespace/frozen.ts";
import type { Namespace } from "../namespace/description.ts";
import { registered } from "../namespace/paths.ts";
import { isTaskPopulated } from "../task/population.ts";
import { reap } from "../task/task.ts";
import { delay } from "./shim/connection.ts";
import type { Shim } from "./shim/shim.ts";

/** How long what has been given up may take to end by itself, in milliseconds; and in a frozen namespace. */
const END_TIMEOUT = 30_000, FROZEN_TIMEOUT = 3000;

/**
 * Waits until a shim and child that have been given up are gone, and the kernel has
 * forgotten them.
 *
 * @returns whether somebody else had killed them.
 */
export async function abandon(namespace: Namespace, task: string, shim?: Shim): Promise<boolean> {
  if (shim === undefined) return false;
  const ended = await Promise.race([shim.status, delay(FROZEN_TIMEOUT)]) ??
    (whyFrozen(namespace) === undefined
      ? await Promise.race([shim.status, delay(END_TIMEOUT)])
      : undefined);
  if (ended === undefined) {
    // What is frozen cannot give up: it dies now, or before it does anything when it is thawed.
    kill(namespace, task, shim);
    return false;
  }
  const { code, signal } = ended;
  try {
    if (!isTaskPopulated(namespace.namespace, task)) await reap(namespace, task);
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error;
  }
  return signal !== null || code > 128;
}

function kill(namespace: Namespace, task: string, shim: Shim): void {
  const members = processes(registered(namespace.namespace, task));
  // It is this run's as long as its shim, which nobody has waited for, is in it.
  if (!members.includes(shim.pid)) return;
  for (const pid of members) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}
