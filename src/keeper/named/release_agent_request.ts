import { existsSync } from "@std/fs/exists";
import { makeCgroup, unlessGone } from "../../cgroup/cgroup.ts";
import { Failed } from "../../cli/errors.ts";
import { delay } from "../../cli/sleep.ts";
import { removeWhenOpen, whenOpen } from "../reopening.ts";
import { GroupedCalls } from "../grouped_calls.ts";
import type { Namespace } from "../../namespace/description.ts";
import { namedRoot } from "../../namespace/paths.ts";

/** How long the release agent may take to answer a request, in milliseconds. */
const AGENT_TIMEOUT = 5000;

/** After how many milliseconds without an answer the agent is called again: it may have been killed. */
const AGAIN = 1000;

/** A request to admit a run of a task to the unified hierarchy, whose root only root may move into. */
export interface AdmissionRequest {
  /** The task's name. */
  task: string;
  /** The inode of its registered cgroup. */
  inode: number;
  /** Whether an exit command comes with it. */
  exit: boolean;
  /** Whether a shell that keeps the time limit comes with it. */
  time: boolean;
}

/**
 * Asks the release agent to move the processes of runs into the unified hierarchy. A request fails if
 * the agent does not answer within five seconds.
 */
export const admissions = new GroupedCalls(submit);

/** Returns a unique name for a list. The name for a single request has its task and inode in it, so that the agent need not read the list. */
function listName(requests: readonly AdmissionRequest[]): string {
  const id = crypto.randomUUID();
  const [first] = requests;
  // Of the shell that keeps a time limit the agent learns from the list alone.
  if (first === undefined || first.time || requests.length > 1) return id;
  return `for-${id.slice(0, 8)}-${first.inode}-${first.task}`;
}

/** Makes a list of the cgroups of requests, and has the kernel call the agent until it has answered. */
async function submit(namespace: Namespace, requests: readonly AdmissionRequest[]): Promise<void> {
  const named = namedRoot(namespace.namespace);
  const name = listName(requests);
  const [list, trigger] = [`${named}/enter-${name}`, `${named}/bell-${name}`];
  try {
    const paths = requests.flatMap(({ task, inode, exit, time }) => [
      `${list}/task-${task}`,
      ...(exit ? [`${list}/exit-${inode}-${task}`] : []),
      ...(time ? [`${list}/exit-T${inode}-${task}`] : []),
    ]);
    for (const path of [list, ...paths]) await whenOpen(namespace, () => makeCgroup(path));
    const begin = performance.now();
    let [waited, calls] = [0, 0];
    do {
      if (waited > AGENT_TIMEOUT) {
        throw new Failed(
          `the release agent does not answer: run "sudo lanco ${namespace.namespace} init" again`,
        );
      }
      if (waited >= calls * AGAIN) {
        await whenOpen(namespace, () => call(trigger));
        calls++;
      }
      // On a busy host the agent takes long to come, and looking for it would keep the host busy.
      await delay(Math.max(1, waited / 8));
      waited = performance.now() - begin;
    } while (!isAnswered(list, trigger));
  } catch (error) {
    for (const cgroup of [list, trigger]) await removeWhenOpen(namespace, cgroup);
    throw error;
  }
}

/**
 * Has the kernel call the release agent with the path of a cgroup: the kernel does so when the
 * last child of a cgroup is removed (cgroup-v1/cgroups.rst, notify_on_release).
 */
function call(trigger: string): void {
  makeCgroup(trigger);
  // The agent may remove the cgroup meanwhile, if it comes for an earlier call.
  unlessGone(() => {
    makeCgroup(`${trigger}/x`);
    Deno.removeSync(`${trigger}/x`);
  }, undefined);
}

/** Returns whether the agent has answered: it sets a flag of the trigger, and then removes the list; that of 1.1.0 only does the latter. */
function isAnswered(list: string, trigger: string): boolean {
  const mark = unlessGone(() => Deno.readTextFileSync(`${trigger}/cgroup.clone_children`), "");
  return mark.trim() === "1" || !existsSync(list);
}
