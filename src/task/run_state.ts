import { isFrozen } from "../cgroup/freezer.ts";
import { each } from "../cli/budget.ts";
import { Failed } from "../cli/errors.ts";
import type { Namespace } from "../namespace/description.ts";
import { trackingCgroup } from "../namespace/paths.ts";
import {
  chooseRun,
  type ChosenRun,
  lastRun,
  type RunChoice,
  runsOf,
  type Warn,
} from "./choose_run.ts";
import { allLostRuns } from "./host_crash.ts";
import { conclude, type TaskState } from "./state.ts";
import { runningInode, taskProcesses } from "./task.ts";
import { usageReader } from "./usage.ts";

/**
 * Returns the state of a task; undefined if nothing is known of it.
 *
 * @param warn Called with a message if the task runs, and its record cannot be read.
 * @throws {Failed} if it cannot be found out.
 */
export function taskState(namespace: Namespace, task: string, warn: Warn): TaskState | undefined {
  for (;;) {
    const inode = runningInode(namespace.namespace, task);
    // The state of a running task is shown even if its record cannot be read.
    const last = lastRun(namespace, task, inode === undefined ? {} : { inode, warn });
    const state = last && stateOf(namespace, task, last);
    // Another run may have begun, or this one ended, meanwhile.
    if (runningInode(namespace.namespace, task) === inode) return state;
  }
}

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

/**
 * Returns the state of a run that was found.
 *
 * @param processes How many processes it has, if the caller knows.
 */
export function stateOf(
  namespace: Namespace,
  task: string,
  chosen: ChosenRun,
  processes?: number,
): TaskState {
  if (chosen.inode === undefined) return conclude(namespace, task, chosen);
  return conclude(namespace, task, chosen, {
    state: isFrozen(trackingCgroup(namespace, task)) ? "paused" : "running",
    processes: processes ?? taskProcesses(namespace, task).length,
    usage: usageReader(namespace).read(task),
  });
}
