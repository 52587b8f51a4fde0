import { printableJson } from "../cli/printable.ts";
import type { Output } from "../show/schema.ts";
import type { Command } from "../cli/context.ts";
import { NotRunning, Usage } from "../cli/errors.ts";
import { isRunning } from "../task/task.ts";
import { eachTask, type Outcome } from "./each_task.ts";

const check: Command = {
  help: `Usage: lanco <namespace> check [--json] task...

Says whether tasks run, by the exit status alone: 0 if all of them do, 3 if one
does not, 1 if it cannot be found out.

  --json  print JSON as well

Examples:
  lanco web check import && echo "Still running"
  lanco web check -- "$name" || echo "It does not run, or nobody knows"
`,
  options: { flags: ["json"], interleaved: true },
  operands: "known tasks",
  run(context, options) {
    const { operands } = options;
    if (operands.length === 0) throw new Usage("which task? Give its name");
    const tell = (outcomes: Record<string, Outcome>) => {
      context.print(renderJson(context.namespace, outcomes));
    };
    return eachTask(context, operands, (task) => {
      if (!isRunning(context.namespace, task)) throw new NotRunning(task);
    }, { silent: true, ...(options.count("json") ? { tell } : {}) });
  },
};

/** What `check --json` prints; see `schema.ts`. */
function renderJson(namespace: string, outcomes: Record<string, Outcome>): string {
  const tasks = Object.entries(outcomes).map(([task, { exitStatus, why }]) => {
    const running = exitStatus === 0 ? true : exitStatus === 3 ? false : null;
    return [task, { running, why, exitStatus }] as const;
  });
  const output: Output<"check"> = { namespace, tasks: Object.fromEntries(tasks) };
  return printableJson(output) + "\n";
}

export default check;
