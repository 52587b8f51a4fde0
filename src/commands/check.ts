import type { Command } from "../context.ts";
import { NotRunning, Usage } from "../errors.ts";
import { isRunning } from "../task.ts";
import { eachTask } from "./each_task.ts";

const check: Command = {
  help: `Usage: lanco <namespace> check task...

Says whether tasks run, by the exit status alone: 0 if all of them do, 3 if one
does not, 1 if it cannot be found out.

Examples:
  lanco web check import && echo "Still running"
  lanco web check import export || echo "Not both"
`,
  options: { interleaved: true },
  operands: "known tasks",
  run(context, { operands }) {
    if (operands.length === 0) throw new Usage("which task? Give its name");
    return eachTask(context, operands, (task) => {
      if (!isRunning(context.namespace, task)) throw new NotRunning(task);
    }, { silent: true });
  },
};

export default check;
