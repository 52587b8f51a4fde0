import { isGone } from "../cgroup/cgroup.ts";
import type { Signal } from "../task/signals.ts";

/** Sends a signal to processes. Returns how many could be sent it, or are gone. */
export function send(pids: readonly number[], signal: Signal): number {
  let reached = 0;
  for (const pid of pids) {
    try {
      Deno.kill(pid, signal);
      reached++;
    } catch (error) {
      if (isGone(error)) reached++;
      // A setuid process: the kill of the whole cgroup will reach it.
      else if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    }
  }
  return reached;
}
