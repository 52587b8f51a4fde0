import { command, type Context } from "../cli/command.ts";
import { period } from "../cli/durations.ts";
import { AlreadyRunning, Failed, LancoError, NotOwner, UnknownTask } from "../cli/errors.ts";
import { flag, type OptionValues } from "../cli/options.ts";
import type { SeveralTasks } from "../cli/request.ts";
import { keeperOf } from "../keeper/keeper_of.ts";
import type { Namespace } from "../namespace/description.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { removeAllLogs, removeLogs, tasksWithLogs } from "../logs/remove_logs.ts";
import type { Output } from "../show/schema.ts";
import { forgetRuns, type KnownNames, readNames, tasksOf } from "../task/forgetting.ts";
import { matching } from "../task/pattern.ts";
import { listRuns } from "../task/records.ts";
import { registeredInode, runningInode } from "../task/task.ts";
import { eachTask, summaryOf } from "./each_task.ts";
import { WITH_LABEL } from "./label_options.ts";
import { checkSelection } from "./several_tasks.ts";

const OPTIONS = {
  olderThan: period(
    "--older-than DURATION",
    "only what ended longer ago than this, such as 90s, 15m,\n2h or 30d",
  ),
  logs: flag("--logs", "remove their logs in /var/log as well"),
  label: WITH_LABEL,
  all: flag("--all", "the records of all tasks"),
  json: flag("--json", "print JSON"),
};

type ForgetRequest = SeveralTasks & OptionValues<typeof OPTIONS>;

export default command({
  help: `Usage: lanco <namespace> forget [options] task|pattern...
       lanco <namespace> forget [options] --label NAME[=VALUE] | --all

Removes the records and marks of runs that have ended, so that nothing is known
of them and "run --once" can start a task of this name anew. The record of a run
that is under way stays.

@OPTIONS@

Examples:
  lanco web forget import
  lanco web forget --older-than 30d --logs --all
`,
  options: OPTIONS,
  operands: "tasks to forget",
  text: () => "",
  async run(context, request) {
    const areSelected = checkSelection(request);
    const namespace = readNamespace(context.namespace);
    const names = readNames(namespace);
    const tasks = areSelected ? await selected(context, names, request) : request.tasks;
    // Without a prototype, for "__proto__" can be the name of a task.
    const told: Output<"forget">["tasks"] = Object.create(null);
    const { status, outcomes } = await eachTask(context, tasks, async (task) => {
      told[task] = await forgetTask(context, namespace, task, names, request);
      if (areSelected) return;
      if (runningInode(namespace.namespace, task) !== undefined) {
        throw new AlreadyRunning(task, "is running: the record of this run stays");
      }
      if (told[task].logs.length > 0) return;
      if (!tasksOf(names).includes(task)) throw new UnknownTask(namespace.namespace, task);
    });
    for (const [task, outcome] of outcomes) told[task] = { ...NOTHING, ...told[task], ...outcome };
    return { status, output: { namespace: context.namespace, tasks: told } };
  },
  summary: ({ tasks }) =>
    summaryOf("forgotten", tasks, ({ runs, logs }) => runs.length + logs.length > 0),
});

const NOTHING = { runs: [], logs: [], left: 0, why: null, exitStatus: 0 };

/** Returns the tasks that are selected by patterns, labels or --all, and says if there are none. */
async function selected(
  context: Context,
  names: KnownNames,
  { patterns, logs, label }: ForgetRequest,
): Promise<string[]> {
  const known = tasksOf(names);
  // Of others there may be nothing but logs, such as those from before the last boot.
  const areLogsMeant = logs && label.length === 0;
  const tasks = areLogsMeant
    ? [...new Set([...known, ...tasksWithLogs(context.namespace)])].sort()
    : known;
  const lonely = patterns.filter((pattern) => !tasks.some(matching([pattern])));
  for (const pattern of lonely) {
    (await context.logger()).warn(`no task is on record whose name matches "${pattern}"`);
  }
  return tasks.filter(matching(patterns));
}

async function forgetTask(
  context: Context,
  namespace: Namespace,
  task: string,
  names: KnownNames,
  { olderThan, logs, label: labels }: ForgetRequest,
): Promise<Output<"forget">["tasks"][string]> {
  const { namespace: name, owner } = namespace;
  try {
    const isLeft = registeredInode(name, task) !== undefined &&
      runningInode(name, task) === undefined;
    if (isLeft) await reap(namespace, task);
    const before = olderThan === undefined ? Infinity : Date.now() - olderThan;
    const { runs, left } = forgetRuns(namespace, task, names, { before, labels });
    const removed: string[] = [];
    if (logs) {
      const kept = removeLogs(namespace, task, runs, removed);
      const isUnknown = () =>
        left === 0 && registeredInode(name, task) === undefined && !listRuns(name).runs.has(task);
      // The labels of runs of which nothing is on record are not known.
      if (labels.length === 0 || runs.length > 0) {
        removeAllLogs(namespace, task, { before, isUnknown }, removed);
      }
      for (const path of kept) {
        (await context.logger()).warn(
          `the log "${path}" is kept: it is not in the directory of the namespace's logs, or has the output of others`,
        );
      }
    }
    return { ...NOTHING, runs: runs.map(({ run }) => run), logs: removed, left };
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new NotOwner(`the record of task ${task}`, owner);
  }
}

/** Has the cgroups of a task removed that has ended without that having been done. */
async function reap(namespace: Namespace, task: string): Promise<void> {
  try {
    await (await keeperOf(namespace)).reap(namespace, task);
  } catch (error) {
    if (!(error instanceof LancoError) || error instanceof Failed) throw error;
  }
}
