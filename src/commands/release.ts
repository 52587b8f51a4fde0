import { isThere } from "../cgroup/cgroup.ts";
import { command } from "../cli/command.ts";
import { AlreadyRunning, Failed, NotRunning, Usage } from "../cli/errors.ts";
import { flag } from "../cli/options.ts";
import { keeperOf } from "../keeper/keeper_of.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { registered } from "../namespace/paths.ts";
import { forgetExitCommands, wakeExitCommands } from "../task/wake_exit_commands.ts";
import { sleepingExitCommands } from "../task/exit_commands.ts";
import { isRunning } from "../task/task.ts";
import { changeNamespace } from "./change_namespace.ts";

export default command({
  help: `Usage: lanco <namespace> release [-n] [task]

Without a task: removes the namespace, but not the logs. Needs root, and fails
with exit status 4 while a task or an exit command runs. With a task that has
ended: does the work of the release agent, which the kernel calls when a task
ends, if the agent has not done it.

@OPTIONS@

Examples:
  sudo lanco web release
  lanco web release import
`,
  options: { noCommand: flag("-n, --no-command", "do not run the task's exit command") },
  operands: "known task or none",
  runsAsRoot: ({ task }) => task === undefined,
  async run(context, { task, noCommand }) {
    if (task !== undefined) await releaseTask(context.namespace, task, !noCommand);
    else {
      if (noCommand) throw new Usage("option -n needs a task");
      await changeNamespace(context, "removing", "down");
    }
    return { status: 0 };
  },
});

async function releaseTask(name: string, task: string, withCommand: boolean): Promise<void> {
  const namespace = readNamespace(name);
  // Listed before the check: the exit command of a run that begins meanwhile must not be among them.
  const unwanted = withCommand ? [] : sleepingExitCommands(namespace, task);
  if (isRunning(name, task)) {
    throw new AlreadyRunning(task, "is running: stop it first");
  }
  forgetExitCommands(name, task, unwanted);
  // The release agent may have died after it removed the cgroups and before it woke the exit command.
  const woken = wakeExitCommands(namespace, task);
  if (!woken && !isThere(registered(name, task))) throw new NotRunning(task);
  if (!await (await keeperOf(namespace)).reap(namespace, task)) {
    throw new Failed(
      `cannot release task ${task}: a process has entered its cgroups again: try again`,
    );
  }
}
