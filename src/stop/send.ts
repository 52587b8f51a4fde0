import { isGone } from "../cgroup/cgroup.ts";
import type { Signal } from "../task/signals.ts";

/**
 * Sends a signal to processes (kill(2)).
 *
 * @returns how many of them have received it or no longer exist; the others belong to another
 * user, e.g. because they have executed a setuid program.
 */
export function send(pids: readonly number[], signal: Signal): number {
  let reached = 0;
  for (const pid of pids) {
    try {
      Deno.kill(pid, signal);
      reached++;
    } catch (error) {
      if (isGone(error)) reached++;
      else if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    }
  }
  return reached;
}
