import { isFrozen } from "../cgroup/freezer.ts";
import { each } from "../cli/budget.ts";
import { Failed } from "../cli/errors.ts";
import type { Namespace } from "../namespace/description.ts";
import { trackingCgroup } from "../namespace/paths.ts";
import { chooseRun, type ChosenRun, type RunChoice, runsOf } from "./choose_run.ts";
import { allLostRuns } from "./host_crash.ts";
import { readStop } from "./record.ts";
import { conclude, type TaskState, type Warn } from "./state.ts";
import { taskProcesses } from "./task.ts";
import { usageReader } from "./usage.ts";

/**
 * Finds out all that is known of a run of a task. Throws as `chooseRun` does.
 *
 * @returns undefined if nothing is known of such a run.
 */
export function runState(
  namespace: Namespace,
  task: string,
  choice: RunChoice,
): TaskState | undefined {
  const chosen = chooseRun(namespace, task, choice);
  return chosen && stateOf(namespace, task, chosen);
}

/**
 * Returns the states of the chosen run of each of some tasks; nothing of tasks without such a run.
 *
 * @param warn Called with a message for each record that cannot be read; these runs are left out.
 */
export function chosenStates(
  namespace: Namespace,
  tasks: readonly string[],
  choice: RunChoice,
  warn: Warn,
): TaskState[] {
  const lost = each([namespace], allLostRuns);
  return each(tasks, (task) => {
    try {
      const chosen = chooseRun(namespace, task, choice, () => lost);
      return chosen === undefined ? [] : [stateOf(namespace, task, chosen)];
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      warn(error.message);
      return [];
    }
  });
}

/**
 * Returns the states of all runs of some tasks that are under way or on record, the oldest first.
 *
 * @param warn Called with a message for each record that cannot be read; these runs are left out.
 */
export function runStates(namespace: Namespace, tasks: readonly string[], warn: Warn): TaskState[] {
  const lost = each([namespace], allLostRuns);
  const states = tasks.flatMap((task) =>
    each(runsOf(namespace, task, lost, warn), (chosen) => [stateOf(namespace, task, chosen)])
  );
  // A run under way without a record is the newest.
  const order = ({ run }: TaskState) => run ?? "~";
  return states.sort((a, b) => order(a) < order(b) ? -1 : 1);
}

function stateOf(namespace: Namespace, task: string, chosen: ChosenRun): TaskState {
  const { run, cgroup, found, lost } = chosen;
  const runs = cgroup !== undefined;
  return conclude({
    namespace,
    task,
    ...(lost && run !== null ? { lost: run } : {}),
    live: !runs ? undefined : isFrozen(trackingCgroup(namespace, task)) ? "paused" : "running",
    found,
    stopped: (found && readStop(found.directory)) ?? null,
    processes: runs ? taskProcesses(namespace, task).length : 0,
  }, runs ? usageReader(namespace).read(task) : undefined);
}
