import { type Command, command } from "../cli/command.ts";
import { freeze, untilHeld } from "../stop/freeze.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { chosenTasks, SEVERAL } from "./several_tasks.ts";
import { eachTask } from "./each_task.ts";

/** Returns the command that freezes tasks, or the one that thaws them. */
export function freezeCommand(help: string, frozen: boolean): Command {
  return command({
    help,
    options: SEVERAL,
    operands: "running tasks",
    async run(context, request) {
      const { tasks, areSelected } = await chosenTasks(context, request);
      const namespace = readNamespace(context.namespace);
      return await eachTask(context, tasks, async (task) => {
        await freeze(namespace, task, frozen);
        if (frozen) await untilHeld(namespace, task);
      }, { mayHaveEnded: areSelected });
    },
  });
}

export default freezeCommand(
  `Usage: lanco <namespace> pause task|pattern...
       lanco <namespace> pause --label NAME[=VALUE] | --all

Freezes all processes of tasks until "resume"; they get no signal. A paused task
can still be stopped.

@OPTIONS@

Examples:
  lanco web pause import
  lanco web pause 'import-*'
`,
  true,
);
