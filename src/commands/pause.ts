import { type Command, command } from "../cli/command.ts";
import { freeze, untilHeld } from "../stop/freeze.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { eachTask } from "./each_task.ts";

/** Returns the command that freezes tasks, or the one that thaws them. */
export function freezeCommand(help: string, frozen: boolean): Command {
  return command({
    help,
    options: {},
    operands: "running tasks",
    run(context, { tasks }) {
      const namespace = readNamespace(context.namespace);
      return eachTask(context, tasks, async (task) => {
        await freeze(namespace, task, frozen);
        if (frozen) await untilHeld(namespace, task);
      });
    },
  });
}

export default freezeCommand(
  `Usage: lanco <namespace> pause task...

Freezes all processes of tasks until "resume"; they get no signal. A paused task can
still be stopped.

Examples:
  lanco web pause import
  lanco web pause import export
`,
  true,
);
