import type { Command, Context } from "../cli/context.ts";
import { AlreadyRunning, Failed, LancoError, NotRunning, Usage } from "../cli/errors.ts";
import { taskName } from "../cli/names.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { explained } from "./each_task.ts";
import { forgetExitCommands, wakeExitCommands } from "../task/exit_command.ts";
import { sleepingExits } from "../task/exits.ts";
import { runAsRoot } from "../root/mod.ts";
import { isRunning, reap } from "../task/task.ts";

const release: Command = {
  help: `Usage: lanco <namespace> release [-n] [task]

Without a task: removes the namespace. Needs root, and that no task runs; the logs
stay. With a task: does what the kernel's release agent should have done when the
task ended, if that was hindered.

  -n, --no-command  do not run the task's exit command

Examples:
  sudo lanco web release
  lanco web release import
`,
  options: { flags: ["no-command"], alias: { n: "no-command" }, interleaved: true },
  operands: "known tasks",
  isForRoot: ({ operands }) => operands.length === 0,
  async run(context, options) {
    const [task, ...more] = options.operands;
    if (more.length > 0) throw new Usage("release takes one task at most");
    if (task === undefined) {
      if (options.count("no-command") > 0) throw new Usage("option -n needs a task");
      const logger = await context.logger();
      const { warnings } = await runAsRoot(context.namespace, "down");
      for (const warning of warnings) logger.warn(warning);
    } else await releaseTask(context, taskName(task), options.count("no-command") === 0);
    return 0;
  },
};

async function releaseTask(context: Context, task: string, withCommand: boolean): Promise<void> {
  const namespace = readNamespace(context.namespace);
  // In this order: that of a run that begins now is none of them.
  const unwanted = withCommand ? [] : sleepingExits(namespace, task);
  if (isRunning(context.namespace, task)) {
    throw new AlreadyRunning(task, "is running: stop it first");
  }
  forgetExitCommands(context.namespace, task, unwanted);
  // The agent may have died when it had removed all but before it woke the exit command.
  const woken = wakeExitCommands(namespace, task);
  let free: boolean;
  try {
    free = await reap(namespace, task);
  } catch (error) {
    if (error instanceof NotRunning && woken) return;
    throw error instanceof LancoError ? await explained(context, task, error) : error;
  }
  if (!free) {
    throw new Failed(`cannot release task ${task}: a process has entered its cgroups again`);
  }
}

export default release;
