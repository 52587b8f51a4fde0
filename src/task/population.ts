import { isPopulated, isThere, unlessGone } from "../cgroup/cgroup.ts";
import { Failed } from "../cli/errors.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { namespaceDirectory, registered, shimCgroup } from "../namespace/paths.ts";
import { sleepSync } from "../cli/sleep.ts";
import { seesAll } from "./pid_namespace.ts";

/** How often `isTaskPopulated` tries again, and after how many milliseconds. */
const LOOKS = 100, BETWEEN = 5;

/**
 * Returns whether a task or its shim has a process. Where systemd keeps the namespace, the kernel
 * says so in cgroup.events. In the named hierarchy there is cgroup.procs alone, in which a caller sees
 * only processes of their own PID namespace and of those below it (pid_namespaces(7)): if it is
 * empty there, the counters of the task's other cgroups are read. Waits up to half a second for
 * an answer.
 *
 * @throws {Failed} if there is none.
 */
export function isTaskPopulated(namespace: string, task: string): boolean {
  const cgroup = registered(namespace, task);
  for (let looks = 0; looks < LOOKS; looks++) {
    if (isPopulated(cgroup)) return true;
    const told = saysPopulated(cgroup);
    if (told !== undefined) return told || saysPopulated(shimCgroup(namespace, task)) === true;
    if (seesAll()) return false;
    if (counts(namespace, task)) return true;
    // A task that is starting or ending may have no process for a moment.
    if (!isThere(cgroup)) return false;
    sleepSync(BETWEEN);
  }
  throw new Failed(
    `cannot tell whether task ${task} runs: its processes may be in another PID namespace: ask from outside of that namespace`,
  );
}

/** Returns whether cgroup.events of version 2 says that there is a process in a cgroup or below; undefined if there is no such file. */
export function saysPopulated(cgroup: string): boolean | undefined {
  const text = unlessGone(() => Deno.readTextFileSync(`${cgroup}/cgroup.events`), undefined);
  return text === undefined ? undefined : /^populated 1$/m.test(text);
}

/** Returns whether the kernel counts processes in the task's own cgroups: counters do not depend on PID namespaces. */
function counts(namespace: string, task: string): boolean {
  const root = namespaceDirectory(namespace);
  if (saysPopulated(`${root}/unified/task-${task}`)) return true;
  const read = (file: string) => unlessGone(() => Deno.readTextFileSync(file), "");
  return readNamespace(namespace).hierarchies.filter(({ tasks }) => tasks).some(({ name }) =>
    Number(read(`${root}/${name}/task-${task}/pids.current`)) > 0
  );
}
