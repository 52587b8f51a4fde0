import { each } from "../cli/budget.ts";
import type { Namespace } from "../namespace/description.ts";
import { exitCommandProcesses, runningExitCommands } from "./exit_commands.ts";
import { lostRuns } from "./host_crash.ts";
import { allTasks } from "./known_tasks.ts";
import { hasLabels, type WantedLabel } from "./labels.ts";
import { finder } from "./run_ids.ts";
import { listRuns, runWithInode, unlessBad } from "./records.ts";
import { describeExit, describeTask, type Process } from "./processes.ts";
import { chooseRun, lastRun, type RunChoice, type Warn } from "./choose_run.ts";
import { chosenStates, runStates, stateOf } from "./run_state.ts";
import type { TaskState } from "./state.ts";
import { registeredInode, runningTasks, taskProcesses } from "./task.ts";
import { type Usage, usageReader } from "./usage.ts";

/** A running task and its processes. */
export interface ListedTask {
  /** Its name. */
  task: string;
  /** Its processes, sorted by pid. */
  processes: Process[];
}

/** A selection of tasks. */
export interface Selection {
  /** Whether running tasks are selected. */
  running: boolean;
  /** Whether tasks that have ended are selected. */
  finished: boolean;
  /** Returns whether tasks of a name are selected. */
  matches(name: string): boolean;
  /** The labels that their runs must have; none by default. */
  labels?: readonly WantedLabel[];
}

/**
 * Returns the names of the selected tasks, running and ended ones apart.
 *
 * @throws {RecordsClosed} if ended tasks are selected and the caller may not read the records.
 */
export function selectedTasks(
  namespace: Namespace,
  { running, finished, matches, labels = [] }: Selection,
): { running: string[]; finished: string[] } {
  const ns = namespace.namespace;
  const tasks = finished ? allTasks(ns) : { running: runningTasks(ns), finished: [] };
  const lost = finished ? each([namespace], (one) => [...lostRuns(one).keys()]) : [];
  const over = new Set([...tasks.finished, ...lost]).difference(new Set(tasks.running));
  const select = (names: Iterable<string>) =>
    each(names, (task) => matches(task) && hasRunWith(labels, ns, task) ? [task] : []);
  return { running: running ? select(tasks.running) : [], finished: select(over).sort() };
}

/**
 * Returns whether the run of a task that is under way, or else the last one, has these labels.
 *
 * @throws {RecordsClosed} if labels are wanted and the caller may not read the records.
 */
function hasRunWith(labels: readonly WantedLabel[], namespace: string, task: string): boolean {
  if (labels.length === 0) return true;
  listRuns(namespace);
  return hasLabels(finder(namespace, task)()?.record.labels ?? {}, labels);
}

/** Returns running tasks with their processes, and reads nothing else of them. */
export function listRunning(namespace: Namespace, names: readonly string[]): ListedTask[] {
  return each(names, (task) => [{
    task,
    processes: describeTask(namespace, task, () => taskProcesses(namespace, task)),
  }]);
}

/** A running exit command and its processes. */
export interface ListedExitCommand {
  /** The name of its task. */
  task: string;
  /** The id of the ended run; the inode of its registered cgroup, if there is no record of it. */
  run: string;
  /** Its processes, sorted by pid. */
  processes: Process[];
}

/** Returns the running exit commands of the tasks whose names match; of all tasks by default. */
export function listExitCommands(
  namespace: Namespace,
  { matches, labels = [] }: Pick<Selection, "matches" | "labels"> = { matches: () => true },
): ListedExitCommand[] {
  return each(runningExitCommands(namespace, matches), (exit) => {
    const record = unlessBad(() => runWithInode(namespace.namespace, exit.task, exit.inode))
      ?.record;
    if (!hasLabels(record?.labels ?? {}, labels)) return [];
    return [{
      task: exit.task,
      run: record?.run ?? String(exit.inode),
      processes: describeExit(() => exitCommandProcesses(namespace, exit)),
    }];
  });
}

/** Returns running tasks with their processes and states. Tasks that end meanwhile may be left out. */
function examineRunning(
  namespace: Namespace,
  names: readonly string[],
  warn: Warn,
): (ListedTask & { state: TaskState })[] {
  return each(listRunning(namespace, names), (listed) => {
    // There is no registered cgroup if the task has ended since the tasks were listed.
    const inode = registeredInode(namespace.namespace, listed.task);
    const run = lastRun(namespace, listed.task, { inode, warn });
    if (run === undefined) return [];
    return [{ ...listed, state: stateOf(namespace, listed.task, run, listed.processes.length) }];
  });
}

/** Returns the states of tasks that have ended; of one that runs again by now, that of the run before. */
export function examineFinished(
  namespace: Namespace,
  names: readonly string[],
  warn: Warn,
): TaskState[] {
  let lost: ReadonlyMap<string, string> | undefined;
  return each(names, (name) => {
    const last = lastRun(namespace, name, { warn, lost: lost ??= lostRuns(namespace) });
    const ended = last?.inode === undefined ? last : chooseRun(namespace, name, -1);
    return ended === undefined ? [] : [stateOf(namespace, name, ended)];
  });
}

/** Returns the selected tasks with their processes and states, and running exit commands. Throws as `selectedTasks` does. */
export function examine(namespace: Namespace, selection: Selection, warn: Warn) {
  const tasks = selectedTasks(namespace, selection);
  return {
    running: examineRunning(namespace, tasks.running, warn),
    finished: examineFinished(namespace, tasks.finished, warn),
    exits: selection.running ? listExitCommands(namespace, selection) : [],
  };
}

/** The selected tasks of a namespace. */
export interface Survey extends ReturnType<typeof examine> {
  /** What all tasks of the namespace use together. */
  whole: Usage;
}

/** Returns the selected tasks with their processes, states and usage. Throws as `selectedTasks` does. */
export function survey(namespace: Namespace, selection: Selection, warn: Warn): Survey {
  return { ...examine(namespace, selection, warn), whole: usageReader(namespace).readAll() };
}

/** Returns the same of a certain run of each of these tasks, instead of the last run. */
export function surveyRun(
  namespace: Namespace,
  selection: Selection,
  choice: RunChoice,
  warn: Warn,
): Survey {
  const states = chosenStates(namespace, allSelected(namespace, selection), choice, warn)
    .filter(({ labels }) => hasLabels(labels, selection.labels ?? []));
  const running = states.filter(isUnderWay).flatMap((state) =>
    listRunning(namespace, [state.task]).map((listed) => ({ ...listed, state }))
  );
  const runs = new Set(states.map(({ run }) => run));
  return {
    running: selection.running ? running : [],
    finished: selection.finished ? states.filter((state) => !isUnderWay(state)) : [],
    exits: selection.running
      ? listExitCommands(namespace, selection).filter(({ run }) => runs.has(run))
      : [],
    whole: usageReader(namespace).readAll(),
  };
}

/** Returns the states of all runs of the selected tasks, running and ended ones as selected, the oldest first. */
export function surveyRuns(namespace: Namespace, selection: Selection, warn: Warn): TaskState[] {
  return runStates(namespace, allSelected(namespace, selection), warn)
    .filter(({ labels }) => hasLabels(labels, selection.labels ?? []))
    .filter((state) => isUnderWay(state) ? selection.running : selection.finished);
}

/** Returns the tasks whose names are selected, whether or not they run: a task that runs may have runs that have ended, with other labels. */
function allSelected(namespace: Namespace, { matches }: Selection): string[] {
  const { running, finished } = selectedTasks(namespace, {
    running: true,
    finished: true,
    matches,
  });
  return [...running, ...finished];
}

function isUnderWay({ state }: TaskState): boolean {
  return state === "running" || state === "paused";
}
