import type { Command } from "../cli/context.ts";
import { Usage } from "../cli/errors.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { parseSignal } from "../task/signals.ts";
import { signal } from "../stop/stop.ts";
import { eachTask } from "./each_task.ts";

const command: Command = {
  help: `Usage: lanco <namespace> signal name task...

Sends a signal, by name or number, to every process of tasks.

Examples:
  lanco web signal HUP import
  lanco web signal USR1 import export
`,
  options: { interleaved: true },
  operands: "signal",
  run(context, { operands: [name, ...tasks] }) {
    if (name === undefined) throw new Usage("which signal? Give its name, then the task's");
    const parsed = parseSignal(name);
    if (tasks.length === 0) throw new Usage("which task? Give its name after the signal's");
    const namespace = readNamespace(context.namespace);
    return eachTask(context, tasks, (task) => signal(namespace, task, parsed));
  },
};

export default command;
