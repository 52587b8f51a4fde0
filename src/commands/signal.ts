import { command } from "../cli/command.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { signal } from "../stop/stop.ts";
import { parseSignal } from "../task/signals.ts";
import { chosenTasks, SEVERAL } from "./several_tasks.ts";
import { eachTask } from "./each_task.ts";

export default command({
  help: `Usage: lanco <namespace> signal name task|pattern...
       lanco <namespace> signal name --label NAME[=VALUE] | --all

Sends a signal, by name or number, to every process of tasks.

@OPTIONS@

Examples:
  lanco web signal HUP import
  lanco web signal USR1 --label customer=0042
`,
  options: SEVERAL,
  operands: "signal",
  async run(context, request) {
    const parsed = parseSignal(request.signal);
    const { tasks, areSelected } = await chosenTasks(context, request);
    const namespace = readNamespace(context.namespace);
    return await eachTask(context, tasks, (task) => signal(namespace, task, parsed), {
      mayHaveEnded: areSelected,
    });
  },
});
