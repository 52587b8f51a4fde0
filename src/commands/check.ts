import { command } from "../cli/command.ts";
import { Failed, NotRunning } from "../cli/errors.ts";
import { flag } from "../cli/options.ts";
import { readNamespace } from "../namespace/namespace.ts";
import type { Output } from "../show/schema.ts";
import { isBeingStarted, untilStarted } from "../task/command_start.ts";
import { isRunning } from "../task/task.ts";
import { eachTask, told } from "./each_task.ts";

export default command({
  help: `Usage: lanco <namespace> check [--json] task...

Tells by the exit status whether tasks run: 0 if all of them run, 3 if one does
not, 1 if this cannot be found out.

@OPTIONS@

Examples:
  lanco web check import && echo "Still running"
  lanco web check -- "$name" || echo "It does not run, or this is not known"
`,
  options: { json: flag("--json", "print JSON as well") },
  operands: "known tasks",
  async run(context, { tasks, json }) {
    const { namespace } = context;
    const { status, outcomes } = await eachTask(context, tasks, async (task) => {
      if (!isRunning(namespace, task)) throw new NotRunning(task);
      if (await isBeingStarted(namespace, task)) await awaitStart(namespace, task);
    }, { silent: true });
    if (!json && context.batch === undefined) return { status };
    // Imported here and below, for most callers want the exit status of a task that runs.
    const { withRunIds } = await import("../task/run_ids.ts");
    const output: Output<"check"> = {
      namespace,
      tasks: told(outcomes, (task, { exitStatus, why }) => {
        const running = exitStatus === 0 ? true : exitStatus === 3 ? false : null;
        return withRunIds(namespace, task, { running, why, exitStatus });
      }),
    };
    return { status, output };
  },
});

/** How long `check` waits until the command of a starting task is executed, in milliseconds. */
const START_TIMEOUT = 5000;

/**
 * Waits until the command of a task that is being started is executed.
 *
 * @throws {NotRunning} if the start has failed.
 * @throws {Failed} if neither has happened in time, or cannot happen because a cgroup is frozen.
 */
async function awaitStart(namespace: string, task: string): Promise<void> {
  const { whyFrozen } = await import("../namespace/frozen.ts");
  const notYet = (why: string) =>
    new Failed(`the command of task ${task} has not been executed yet: ${why}`);
  const look = () => {
    const frozen = whyFrozen(readNamespace(namespace));
    if (frozen !== undefined) throw notYet(frozen);
  };
  if (!await untilStarted(namespace, task, START_TIMEOUT, look)) {
    throw notYet("the process that starts it is stopped, or waits");
  }
  if (!isRunning(namespace, task)) throw new NotRunning(task);
}
