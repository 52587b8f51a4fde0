import { isPopulated, isThere, unlessGone } from "../cgroup/cgroup.ts";
import { Failed } from "../cli/errors.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { namespaceDirectory, registered } from "../namespace/paths.ts";
import { sleepSync } from "../cli/sleep.ts";
import { seesAll } from "./pid_namespace.ts";

/** How often, and how many milliseconds apart, to look again at what cannot be told. */
const LOOKS = 100, BETWEEN = 5;

/**
 * Whether a process is in the registered cgroup of a task, to which the caller's view
 * may be blocked: cgroup.procs shows only the processes of his PID namespace and of
 * those below it (pid_namespaces(7)). Where it shows none, counters may tell.
 *
 * @throws {Failed} if it cannot be told.
 */
export function isTaskPopulated(namespace: string, task: string): boolean {
  const cgroup = registered(namespace, task);
  for (let looks = 0; looks < LOOKS; looks++) {
    if (isPopulated(cgroup)) return true;
    if (seesAll()) return false;
    if (counts(namespace, task)) return true;
    // It may just be starting or ending: then it will be clear soon.
    if (!isThere(cgroup)) return false;
    sleepSync(BETWEEN);
  }
  throw new Failed(
    `cannot tell whether task ${task} runs: its processes may be in another PID namespace: ask outside of it`,
  );
}

/** Whether the kernel counts a process in the task's own cgroups, whoever asks. */
function counts(namespace: string, task: string): boolean {
  const root = namespaceDirectory(namespace);
  const read = (file: string) => unlessGone(() => Deno.readTextFileSync(file), "");
  if (/^populated 1$/m.test(read(`${root}/unified/task-${task}/cgroup.events`))) {
    return true;
  }
  return readNamespace(namespace).hierarchies.filter(({ tasks }) => tasks).some(({ name }) =>
    Number(read(`${root}/${name}/task-${task}/pids.current`)) > 0
  );
}
