import type { Command } from "../context.ts";
import { freezerOf, untilFrozen } from "../cgroup/freezer.ts";
import { Failed, NotPermitted, NotRunning, Usage } from "../errors.ts";
import { type Namespace, readNamespace } from "../namespace.ts";
import { isRunning } from "../task.ts";
import { eachTask } from "./each_task.ts";

/** Makes the command that freezes tasks, or the one that lets them go on. */
export function freezing(help: string, frozen: boolean): Command {
  return {
    help,
    options: { interleaved: true },
    operands: "running tasks",
    run(context, { operands }) {
      if (operands.length === 0) throw new Usage("which task? Give its name");
      const namespace = readNamespace(context.namespace);
      return eachTask(context, operands, (task) => freeze(namespace, task, frozen));
    },
  };
}

async function freeze(namespace: Namespace, task: string, frozen: boolean): Promise<void> {
  if (!isRunning(namespace.namespace, task)) throw new NotRunning(task);
  try {
    if (!freezerOf(namespace, task).set(frozen)) {
      // It has ended meanwhile, or the kernel is older than 5.2 and v1 has no freezer.
      if (!isRunning(namespace.namespace, task)) throw new NotRunning(task);
      throw new Failed(`cannot pause task ${task}: this host has no freezer`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new NotPermitted(`task ${task} belongs to ${namespace.owner}`);
  }
  if (frozen) await untilFrozen(namespace, task);
}

export default freezing(
  `Usage: lanco <namespace> pause task...

Stops all processes of tasks without their knowledge, until "resume". A paused task
can still be stopped.

Examples:
  lanco web pause import
  lanco web pause import export
`,
  true,
);
