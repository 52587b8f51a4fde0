import { registered } from "../namespace/paths.ts";

/**
 * Has all look at a task who watch the named hierarchy, for something was written down of its
 * run: the times of its registered cgroup are set, of which inotify(7) tells with its name. That
 * this cannot be done must not hinder anybody.
 */
export function notifyWatchers(namespace: string, task: string): void {
  const now = new Date();
  try {
    Deno.utimeSync(registered(namespace, task), now, now);
  } catch {
    // It has ended, of which the kernel tells, or is another's.
  }
}
