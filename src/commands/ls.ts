import { isFrozen } from "../cgroup/freezer.ts";
import { printableJson } from "../cli/printable.ts";
import type { Output } from "../show/schema.ts";
import { type Command, warning } from "../cli/context.ts";
import { obituary } from "../show/headline.ts";
import { type Namespace, readNamespace } from "../namespace/namespace.ts";
import { trackingCgroup } from "../task/places.ts";
import { select, SELECTION_HELP, SELECTION_OPTIONS } from "../task/selection.ts";
import type { TaskState } from "../task/state.ts";
import type { Process } from "../task/processes.ts";
import {
  examineFinished,
  type ListedExit,
  type ListedTask,
  listExits,
  listRunning,
  selectedTasks,
} from "../task/survey.ts";

/** A task that has ended. */
export type EndedTask =
  & Pick<TaskState, "task" | "state" | "why" | "code" | "signal">
  & Pick<TaskState, "ended" | "duration">;

/** The longest command line that is shown without `-l`, in characters. */
export const COMMAND_MAX = 50;

/**
 * The tree of the original article; tasks that have ended say how instead of their processes,
 * and exit commands that run stand below the task that they are of.
 */
export function renderTree(
  namespace: string,
  tasks: readonly (ListedTask | EndedTask)[],
  { long = false, exits = [] }: { long?: boolean; exits?: readonly ListedExit[] } = {},
): string {
  const lines = (processes: readonly Process[]) =>
    processes.map(({ pid, cmdline }) =>
      ` │  → ${String(pid).padStart(5)} ${long ? cmdline : shortened(cmdline)}`
    );
  const known = new Map(tasks.map((task) => [task.task, task]));
  const names = [...new Set([...known.keys(), ...exits.map(({ task }) => task)])];
  const shown = names.sort().flatMap((name) => {
    const task = known.get(name);
    const own = task === undefined
      ? []
      : "processes" in task
      ? lines(task.processes)
      : [` │  ${obituary(task)}`];
    const after = exits.filter(({ task }) => task === name)
      .flatMap(({ processes }) => [" │  exit command", ...lines(processes)]);
    return [` ├ ${name}`, ...own, ...after];
  });
  return [namespace, ...shown, " ╯", ""].join("\n");
}

function shortened(text: string): string {
  if (text.length <= COMMAND_MAX) return text;
  // No more than that is looked at: a command line may have megabytes.
  const characters = [...text.slice(0, 2 * COMMAND_MAX + 2)];
  return characters.length <= COMMAND_MAX
    ? text
    : `${characters.slice(0, COMMAND_MAX - 1).join("")}…`;
}

const ls: Command = {
  help: `Usage: lanco <namespace> ls [-l] [--running] [--finished] [-a] [--json] [pattern...]

Shows the running tasks and their processes, exit commands that run, and how other
tasks have ended; of those whose names match a pattern, if one is given.

  -l, --long      do not shorten the command lines to ${COMMAND_MAX} characters
${SELECTION_HELP}      --json      print JSON

Examples:
  lanco web ls
  lanco web ls -a --json 'import-*' | jq '.tasks | keys'
`,
  options: {
    flags: ["long", "json", ...SELECTION_OPTIONS.flags],
    alias: { l: "long", ...SELECTION_OPTIONS.alias },
    interleaved: true,
  },
  operands: "patterns",
  async run(context, options) {
    const namespace = readNamespace(context.namespace);
    const selection = select(options, { running: true, finished: false });
    const tasks = selectedTasks(namespace, selection);
    const listed = listRunning(namespace, tasks.running);
    const ended = await warning(
      context,
      (warn) => examineFinished(namespace, tasks.finished, warn),
    );
    const exits = selection.running ? listExits(namespace, selection.matches) : [];
    const long = options.count("long") > 0;
    context.print(
      options.count("json")
        ? renderJson(namespace, listed, ended, exits)
        : renderTree(namespace.namespace, [...listed, ...ended.map(ending)], { long, exits }),
    );
    return 0;
  },
};

function byName(a: { task: string }, b: { task: string }): number {
  return a.task < b.task ? -1 : a.task > b.task ? 1 : 0;
}

function ending({ task, state, why, code, signal, ended, duration }: TaskState): EndedTask {
  return { task, state, why, code, signal, ended, duration };
}

/** What `ls --json` prints; see `schema.ts`. */
function renderJson(
  namespace: Namespace,
  running: readonly ListedTask[],
  finished: readonly TaskState[],
  exitCommands: ListedExit[],
): string {
  const state = (task: string): TaskState["state"] =>
    isFrozen(trackingCgroup(namespace, task)) ? "paused" : "running";
  const rows = [
    ...running.map(({ task, processes }) => ({
      task,
      row: { state: state(task), count: processes.length, processes },
    })),
    ...finished.map(({ task, state }) => ({ task, row: { state, count: 0, processes: [] } })),
  ].sort(byName);
  const output: Output<"ls"> = {
    namespace: namespace.namespace,
    count: rows.length,
    tasks: Object.fromEntries(rows.map(({ task, row }) => [task, row])),
    exitCommands,
  };
  return printableJson(output) + "\n";
}

export default ls;
