import type { Namespace } from "../namespace/description.ts";
import { type Exit, exitCommandProcesses, runningExitCommands } from "./exit_commands.ts";
import { lostRuns } from "./marks.ts";
import { describeExit, describeTask, type Process } from "./processes.ts";
import { conclude, look, type TaskState, type Warn } from "./state.ts";
import { allTasks, registeredInode, runningTasks, taskProcesses } from "./task.ts";
import { type Usage, usageReader } from "./usage.ts";

/** A running task and its processes. */
export interface ListedTask {
  /** Its name. */
  task: string;
  /** Its processes, sorted by pid. */
  processes: Process[];
}

/** Which tasks are asked for. */
export interface Selection {
  /** Whether those that run are. */
  running: boolean;
  /** Whether those that have ended are. */
  finished: boolean;
  /** Whether one of that name is. */
  matches(name: string): boolean;
}

/** The names of the tasks that are asked for: those that run, and those that have ended. */
export function selectedTasks(
  namespace: Namespace,
  { running, finished, matches }: Selection,
): { running: string[]; finished: string[] } {
  const ns = namespace.namespace;
  const tasks = finished ? allTasks(ns) : { running: runningTasks(ns), finished: [] };
  const lost = finished ? [...lostRuns(namespace).keys()] : [];
  const over = new Set([...tasks.finished, ...lost]).difference(new Set(tasks.running));
  return {
    running: running ? tasks.running.filter(matches) : [],
    finished: [...over].filter(matches).sort(),
  };
}

/** The processes of running tasks: the least that can be read of them. */
export function listRunning(namespace: Namespace, names: readonly string[]): ListedTask[] {
  return names.map((task) => ({
    task,
    processes: describeTask(namespace, task, () => taskProcesses(namespace, task)),
  }));
}

/** An exit command that runs, and its processes. */
export interface ListedExitCommand extends Exit {
  /** Its processes, sorted by pid. */
  processes: Process[];
}

/** The exit commands that run, of tasks of these names: all if nothing is said of the names. */
export function listExitCommands(
  namespace: Namespace,
  matches: (task: string) => boolean = () => true,
): ListedExitCommand[] {
  return runningExitCommands(namespace).filter(({ task }) => matches(task)).map((exit) => ({
    ...exit,
    processes: describeExit(() => exitCommandProcesses(namespace, exit)),
  }));
}

/** The processes of running tasks and all that is known of them. */
export function examineRunning(
  namespace: Namespace,
  names: readonly string[],
  warn: Warn,
): (ListedTask & { state: TaskState })[] {
  const reader = usageReader(namespace);
  return listRunning(namespace, names).flatMap((listed) => {
    // It may end meanwhile.
    const cgroup = registeredInode(namespace.namespace, listed.task);
    const processes = listed.processes.length;
    const seen = look(namespace, listed.task, { ...(cgroup && { cgroup }), processes, warn });
    if (seen === undefined) return [];
    return [{ ...listed, state: conclude(seen, reader.read(listed.task)) }];
  });
}

/** All that is known of tasks that have ended. */
export function examineFinished(
  namespace: Namespace,
  names: readonly string[],
  warn: Warn,
): TaskState[] {
  const lost = lostRuns(namespace);
  return names.flatMap((name) => {
    const seen = look(namespace, name, { warn, lost });
    return seen === undefined ? [] : [conclude(seen)];
  });
}

/** All that is known of the tasks of a namespace that are asked for. */
export interface Survey {
  /** Those that run. */
  running: ReturnType<typeof examineRunning>;
  /** Those that have ended. */
  finished: TaskState[];
  /** The exit commands that run. */
  exits: ListedExitCommand[];
  /** What all tasks of the namespace use together. */
  whole: Usage;
}

/** Examines the tasks that are asked for. */
export function survey(namespace: Namespace, selection: Selection, warn: Warn): Survey {
  const tasks = selectedTasks(namespace, selection);
  return {
    running: examineRunning(namespace, tasks.running, warn),
    finished: examineFinished(namespace, tasks.finished, warn),
    exits: selection.running ? listExitCommands(namespace, selection.matches) : [],
    whole: usageReader(namespace).readAll(),
  };
}
