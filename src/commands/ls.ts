import { isFrozen } from "../cgroup/freezer.ts";
import { each } from "../cli/budget.ts";
import { command, type Context, type Result } from "../cli/command.ts";
import { Usage } from "../cli/errors.ts";
import { flag } from "../cli/options.ts";
import type { Namespace } from "../namespace/description.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { trackingCgroup } from "../namespace/paths.ts";
import type { Output } from "../show/schema.ts";
import { renderRuns } from "../show/runs.ts";
import { renderTaskTable } from "../show/task_table.ts";
import { COMMAND_MAX, renderTree } from "../show/tree.ts";
import { outputSize } from "../task/output_size.ts";
import {
  endOf,
  listRuns as records,
  type RunList,
  surelyGoesOn,
  unlessBad,
} from "../task/records.ts";
import { finder } from "../task/run_ids.ts";
import { sorted } from "../task/order.ts";
import { exitOf } from "../task/signals.ts";
import type { TaskState } from "../task/state.ts";
import {
  examine,
  examineFinished,
  type ListedTask,
  listExitCommands,
  listRunning,
  selectedTasks,
  type Selection,
  surveyRuns,
} from "../task/survey.ts";
import { boundedAnswer } from "./bounded_answer.ts";
import { isShown, needsStates, otherwise, VIEW, type ViewOptions } from "./ls_view.ts";
import { columnsOrMany, outputPaint } from "./paint.ts";
import { select, SELECTION } from "./selection_options.ts";

export default command({
  help: `Usage: lanco <namespace> ls [options] [pattern...]

Shows the running tasks and their processes, exit commands that run, and how
other tasks have ended; with patterns, only tasks whose names match one of them.

@OPTIONS@

Examples:
  lanco web ls -a --json 'import-*' | jq '.tasks | keys'
  lanco web ls --table --failed --since 1d --sort end
`,
  options: {
    long: flag(
      "-l, --long",
      `sizes of logs, and commands beyond ${COMMAND_MAX} characters`,
    ),
    ...SELECTION,
    ...VIEW,
    runs: flag("--runs", "a line for each run on record, not for each task"),
    json: flag("--json", "print JSON"),
  },
  operands: "patterns",
  text: (output: Output<"ls"> | Output<"runs">, request) =>
    "runs" in output ? renderRuns(output) : renderTasks(output, request),
  async run(context, request): Promise<Result<Output<"ls"> | Output<"runs">>> {
    const namespace = readNamespace(context.namespace);
    const selection = select(request, otherwise(request));
    if (request.failed && selection.running && !selection.finished) {
      throw new Usage("--failed shows what has ended: leave --running out");
    }
    if (request.runs) {
      if (request.table) {
        throw new Usage("--runs has a line for each run already: leave --table out");
      }
      return await listRuns(context, namespace, selection, request);
    }
    if (needsStates(request)) return await listStates(context, namespace, selection, request);
    const isRecordShown = request.json || request.long || context.batch !== undefined;
    const { found, truncated, status } = await boundedAnswer(context, (warn) => {
      const tasks = selectedTasks(namespace, selection);
      const runs = isRecordShown ? undefined : unlessBad(() => records(namespace.namespace));
      return {
        running: each(
          listRunning(namespace, tasks.running),
          (one) => [running(namespace, one, runs)],
        ),
        finished: examineFinished(namespace, tasks.finished, warn).map(finished),
        exitCommands: selection.running ? listExitCommands(namespace, selection) : [],
      };
    });
    const rows = [...found.running, ...found.finished].sort(([a], [b]) => a < b ? -1 : 1);
    return { status, output: listing(namespace, rows, found.exitCommands, truncated) };
  },
});

/** The states of the tasks of an output in their order, where these have been found out: JSON has neither. */
const states = new WeakMap<object, readonly TaskState[]>();

function renderTasks(output: Output<"ls">, request: { long: boolean } & ViewOptions): string {
  const found = states.get(output);
  const paint = outputPaint();
  if (!request.table || found === undefined) {
    return renderTree(output, { ...request, paint, order: found?.map(({ task }) => task) });
  }
  const isCut = !request.long && Deno.stdout.isTerminal();
  return renderTaskTable(found, { paint, ...(isCut ? { columns: columnsOrMany(Infinity) } : {}) });
}

/** Lists the selected tasks, and finds out the state of each. */
async function listStates(
  context: Context,
  namespace: Namespace,
  selection: Selection,
  request: ViewOptions,
): Promise<Result<Output<"ls">>> {
  const { found, truncated, status } = await boundedAnswer(
    context,
    (warn) => examine(namespace, selection, warn),
  );
  const live = new Map(found.running.map((listed) => [listed.task, listed]));
  const all = [...found.running.map(({ state }) => state), ...found.finished];
  const shown = sorted(
    all.filter((task) => isShown(namespace, task, request)),
    request.sort ?? "name",
  );
  const rows = shown.map((state) => {
    const listed = live.get(state.task);
    return listed === undefined ? finished(state) : running(namespace, listed);
  });
  const output = listing(namespace, rows, found.exits, truncated);
  states.set(output, shown);
  return { status, output };
}

/** Lists all runs of the selected tasks. */
async function listRuns(
  context: Context,
  namespace: Namespace,
  selection: Selection,
  request: ViewOptions,
): Promise<Result<Output<"runs">>> {
  const { found, truncated, status } = await boundedAnswer(
    context,
    (warn) =>
      surveyRuns(namespace, selection, warn).filter((run) => isShown(namespace, run, request)),
  );
  const ordered = request.sort === undefined ? found : sorted(found, request.sort);
  const runs = ordered.map((
    { task, run, pid, labels, state, why, code, signal, started, ended, duration },
  ) => ({ task, run, pid, labels, state, why, code, signal, started, ended, duration }));
  const output = { namespace: namespace.namespace, count: runs.length, runs, truncated };
  return { status, output };
}

type Row = [task: string, listed: Output<"ls">["tasks"][string]];

function listing(
  { namespace }: Namespace,
  rows: readonly Row[],
  exitCommands: Output<"ls">["exitCommands"],
  truncated: boolean,
): Output<"ls"> {
  return {
    namespace,
    count: rows.length,
    tasks: Object.fromEntries(rows),
    exitCommands,
    truncated,
  };
}

/**
 * Returns the row of a running task.
 *
 * @param runs The runs of the namespace, if no record will be shown; else the record is read now, for
 * that is to be counted.
 */
function running(namespace: Namespace, { task, processes }: ListedTask, runs?: RunList): Row {
  const find = finder(namespace.namespace, task);
  // The command may have ended, and a child of it go on.
  const mayBeOver = runs === undefined ||
    !unlessBad(() => surelyGoesOn(namespace.namespace, task, runs));
  const end = mayBeOver ? find() : undefined;
  return [task, {
    // Getters, because only JSON has these, and each costs the reading of a file.
    get run() {
      return find()?.record.run ?? null;
    },
    get pid() {
      return find()?.record.pid ?? null;
    },
    get labels() {
      return find()?.record.labels ?? {};
    },
    get state() {
      return isFrozen(trackingCgroup(namespace, task)) ? "paused" : "running";
    },
    count: processes.length,
    processes,
    why: null,
    ...exitOf(end?.status.code),
    ended: end === undefined ? null : endOf(end),
    duration: null,
    get logSize() {
      return outputSize(find(), "log");
    },
    get stderrSize() {
      return outputSize(find(), "stderr");
    },
  }];
}

function finished(found: TaskState): Row {
  const { task, run, pid, labels, state, why, code, signal, ended, duration } = found;
  const { logSize, stderrSize } = found;
  const how = { state, why, code, signal, ended, duration };
  return [task, { run, pid, labels, count: 0, processes: [], ...how, logSize, stderrSize }];
}
