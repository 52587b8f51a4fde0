import { isFrozen } from "../cgroup/freezer.ts";
import { each } from "../cli/budget.ts";
import { command, type Context, type Result } from "../cli/command.ts";
import { flag } from "../cli/options.ts";
import type { Namespace } from "../namespace/description.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { trackingCgroup } from "../namespace/paths.ts";
import type { Output } from "../show/schema.ts";
import { renderRuns } from "../show/runs.ts";
import { COMMAND_MAX, renderTree } from "../show/tree.ts";
import { endOf } from "../task/records.ts";
import { finder } from "../task/run_ids.ts";
import { exitOf } from "../task/signals.ts";
import type { TaskState } from "../task/state.ts";
import {
  examineFinished,
  type ListedTask,
  listExitCommands,
  listRunning,
  selectedTasks,
  type Selection,
  surveyRuns,
} from "../task/survey.ts";
import { boundedAnswer } from "./bounded_answer.ts";
import { select, SELECTION } from "./selection_options.ts";

export default command({
  help:
    `Usage: lanco <namespace> ls [-l] [--running] [--finished] [-a] [--runs] [--json] [pattern...]

Shows the running tasks and their processes, exit commands that run, and how other
tasks have ended; with patterns, only tasks whose names match one of them.

@OPTIONS@

Examples:
  lanco web ls -a --json 'import-*' | jq '.tasks | keys'
  lanco web ls -a --runs import
`,
  options: {
    long: flag("-l, --long", `do not shorten the command lines to ${COMMAND_MAX} characters`),
    ...SELECTION,
    runs: flag("--runs", "a line for each run on record, also for those before the last"),
    json: flag("--json", "print JSON"),
  },
  operands: "patterns",
  text: (output: Output<"ls"> | Output<"runs">, request) =>
    "runs" in output ? renderRuns(output) : renderTree(output, request),
  async run(context, request): Promise<Result<Output<"ls"> | Output<"runs">>> {
    const namespace = readNamespace(context.namespace);
    const selection = select(request, { running: true, finished: request.runs });
    if (request.runs) return await listRuns(context, namespace, selection);
    const { found, truncated, status } = await boundedAnswer(context, (warn) => {
      const tasks = selectedTasks(namespace, selection);
      return {
        running: each(listRunning(namespace, tasks.running), (one) => [running(namespace, one)]),
        finished: examineFinished(namespace, tasks.finished, warn).map(finished),
        exitCommands: selection.running ? listExitCommands(namespace, selection) : [],
      };
    });
    const rows = [...found.running, ...found.finished].sort(([a], [b]) => a < b ? -1 : 1);
    const output: Output<"ls"> = {
      namespace: namespace.namespace,
      count: rows.length,
      tasks: Object.fromEntries(rows),
      exitCommands: found.exitCommands,
      truncated,
    };
    return { status, output };
  },
});

/** Lists all runs of the selected tasks. */
async function listRuns(
  context: Context,
  namespace: Namespace,
  selection: Selection,
): Promise<Result<Output<"runs">>> {
  const { found, truncated, status } = await boundedAnswer(
    context,
    (warn) => surveyRuns(namespace, selection, warn),
  );
  const runs = found.map((
    { task, run, pid, labels, state, why, code, signal, started, ended, duration },
  ) => ({ task, run, pid, labels, state, why, code, signal, started, ended, duration }));
  const output = { namespace: namespace.namespace, count: runs.length, runs, truncated };
  return { status, output };
}

type Row = [task: string, listed: Output<"ls">["tasks"][string]];

function running(namespace: Namespace, { task, processes }: ListedTask): Row {
  const found = finder(namespace.namespace, task)();
  return [task, {
    run: found?.record.run ?? null,
    pid: found?.record.pid ?? null,
    labels: found?.record.labels ?? {},
    // A getter, because only JSON has the state, and it costs the reading of a file.
    get state() {
      return isFrozen(trackingCgroup(namespace, task)) ? "paused" : "running";
    },
    count: processes.length,
    processes,
    why: null,
    // The command may have ended, and a child of it go on.
    ...exitOf(found?.status.code),
    ended: found === undefined ? null : endOf(found),
    duration: null,
  }];
}

function finished(
  { task, run, pid, labels, state, why, code, signal, ended, duration }: TaskState,
): Row {
  return [
    task,
    { run, pid, labels, state, count: 0, processes: [], why, code, signal, ended, duration },
  ];
}
