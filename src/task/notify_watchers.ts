import { registered } from "../namespace/paths.ts";

/**
 * Tells all processes that watch the named hierarchy that the record of a task's run has changed:
 * sets the times of its registered cgroup, which inotify(7) reports with the cgroup's name. A
 * failure is ignored.
 */
export function notifyWatchers(namespace: string, task: string): void {
  const now = new Date();
  try {
    Deno.utimeSync(registered(namespace, task), now, now);
  } catch {
    // The task has ended, which inotify reports itself, or belongs to another user.
  }
}
