import { isFrozen } from "../cgroup/freezer.ts";
import { command, type Context, reportWarnings, type Result } from "../cli/command.ts";
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
import {
  examineFinished,
  type ListedTask,
  listExitCommands,
  listRunning,
  selectedTasks,
  type Selection,
  surveyRuns,
} from "../task/survey.ts";
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
    if (request.runs) return { status: 0, output: await listRuns(context, namespace, selection) };
    const tasks = selectedTasks(namespace, selection);
    const running = listRunning(namespace, tasks.running)
      .map((listed): Row => [listed.task, runningTask(namespace, listed)]);
    const ended = await reportWarnings(
      context,
      (warn) => examineFinished(namespace, tasks.finished, warn),
    );
    const finished = ended.map((
      { task, run, pid, state, why, code, signal, ended, duration },
    ): Row => [
      task,
      { run, pid, state, count: 0, processes: [], why, code, signal, ended, duration },
    ]);
    const rows = [...running, ...finished].sort(([a], [b]) => a < b ? -1 : 1);
    const output: Output<"ls"> = {
      namespace: namespace.namespace,
      count: rows.length,
      tasks: Object.fromEntries(rows),
      exitCommands: selection.running ? listExitCommands(namespace, selection.matches) : [],
    };
    return { status: 0, output };
  },
});

/** Lists all runs of the selected tasks. */
async function listRuns(
  context: Context,
  namespace: Namespace,
  selection: Selection,
): Promise<Output<"runs">> {
  const states = await reportWarnings(context, (warn) => surveyRuns(namespace, selection, warn));
  const runs = states.map((
    { task, run, pid, state, why, code, signal, started, ended, duration },
  ) => ({ task, run, pid, state, why, code, signal, started, ended, duration }));
  return { namespace: namespace.namespace, count: runs.length, runs };
}

type Row = [task: string, listed: Output<"ls">["tasks"][string]];

/** Describes a running task. Its state is a getter, because only JSON has it and to find it out costs the reading of a file. */
function runningTask(namespace: Namespace, { task, processes }: ListedTask): Row[1] {
  const find = finder(namespace.namespace, task);
  return {
    get run() {
      return find()?.record.run ?? null;
    },
    get pid() {
      return find()?.record.pid ?? null;
    },
    get state() {
      return isFrozen(trackingCgroup(namespace, task)) ? "paused" : "running";
    },
    count: processes.length,
    processes,
    why: null,
    // The command may have ended, and a child of it go on.
    get code() {
      return exitOf(find()?.status.code).code;
    },
    get signal() {
      return exitOf(find()?.status.code).signal;
    },
    get ended() {
      const found = find();
      return found === undefined ? null : endOf(found);
    },
    duration: null,
  };
}
