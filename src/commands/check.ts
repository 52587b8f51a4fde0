import { printableJson } from "../cli/printable.ts";
import type { Output } from "../show/schema.ts";
import type { Command } from "../cli/context.ts";
import { Failed, NotRunning, Usage } from "../cli/errors.ts";
import { whyFrozen } from "../namespace/frozen.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { isBeingStarted } from "../task/begun.ts";
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
    return eachTask(context, operands, async (task) => {
      if (!isRunning(context.namespace, task)) throw new NotRunning(task);
      if (isBeingStarted(context.namespace, task)) await untilStarted(context.namespace, task);
    }, { silent: true, ...(options.count("json") ? { tell } : {}) });
  },
};

/** How long a task may take to be started, in milliseconds, before nobody knows whether it will run. */
const PATIENCE = 5000;

/**
 * Waits for the end of what is under way: that its command is executed, or not.
 *
 * @throws {NotRunning} if it is not.
 * @throws {Failed} if that cannot be found out.
 */
async function untilStarted(namespace: string, task: string): Promise<void> {
  for (const deadline = performance.now() + PATIENCE; isBeingStarted(namespace, task);) {
    const frozen = whyFrozen(readNamespace(namespace));
    if (frozen !== undefined || performance.now() > deadline) {
      throw new Failed(
        `the command of task ${task} has not been executed yet: ${
          frozen ?? "whoever starts it has stopped, or waits"
        }`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  if (!isRunning(namespace, task)) throw new NotRunning(task);
}

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
