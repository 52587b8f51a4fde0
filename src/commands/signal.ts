import { command } from "../cli/command.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { signal } from "../stop/stop.ts";
import { parseSignal } from "../task/signals.ts";
import { eachTask } from "./each_task.ts";

export default command({
  help: `Usage: lanco <namespace> signal name task...

Sends a signal, by name or number, to every process of tasks.

Examples:
  lanco web signal HUP import
  lanco web signal USR1 import export
`,
  options: {},
  operands: "signal",
  run(context, { signal: name, tasks }) {
    const parsed = parseSignal(name);
    const namespace = readNamespace(context.namespace);
    return eachTask(context, tasks, (task) => signal(namespace, task, parsed));
  },
});
