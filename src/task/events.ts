import { existsSync } from "@std/fs/exists";
import { isFrozen } from "../cgroup/freezer.ts";
import type { Cancellable } from "../cli/command.ts";
import { delay } from "../cli/sleep.ts";
import type { Namespace } from "../namespace/description.ts";
import { namedRoot, namespaceDirectory, trackingCgroup } from "../namespace/paths.ts";
import { Changes } from "./changes.ts";
import { lostRuns } from "./host_crash.ts";
import { leftRuns, markedRuns, unlessBad } from "./records.ts";
import { timeOf } from "./run_id.ts";
import { RunTracker } from "./run_tracker.ts";
import type { LostEvent, TaskEvent } from "./task_event.ts";
import { registeredTasks } from "./task.ts";

/** The prefix of the names of registered cgroups. */
const REGISTERED = "task-";

/**
 * Yields the tasks of a namespace that run now, then "ready", and then the events of its tasks
 * until the namespace is released or the caller cancels. No event is lost or comes twice: the
 * events come from the records of runs, while inotify(7) of the named hierarchy only tells which
 * tasks to look at. Uses no processor time between events.
 *
 * @throws {RecordsClosed} if the caller may not read the records.
 */
export async function* taskEvents(
  namespace: Namespace,
  cancellable?: Cancellable,
): AsyncGenerator<TaskEvent> {
  const name = namespace.namespace;
  const named = namedRoot(name);
  const changes = new Changes({ pulse: Infinity });
  if (cancellable !== undefined) cancellable.wait = changes;
  try {
    changes.watch(named);
    // A change of this directory tells of the release of the namespace.
    changes.watch(namespaceDirectory(name));
    const tracker = new RunTracker(namespace);
    yield* [...lostMarked(namespace), ...lostOnce(name)].sort(byRun);
    for (const task of registeredTasks(named)) {
      yield* tracker.present(task, () => isFrozen(trackingCgroup(namespace, task)));
    }
    yield { event: "ready", at: Date.now() };
    // The first look is at all tasks, for changes may have come before the watch.
    for (let tasks: string[] | undefined; !cancellable?.cancelled; tasks = await changed(changes)) {
      const begin = performance.now();
      yield* tracker.look(tasks);
      if (!existsSync(`${named}/cgroup.procs`)) return;
      // A flood of changes must not use more than half of a processor.
      await delay(performance.now() - begin);
      await changes.next(tracker.due());
    }
  } finally {
    changes.close();
  }
}

/** Returns the last run of each task that ran when the host went down, of those without a record. */
function lostMarked(namespace: Namespace): LostEvent[] {
  return [...lostRuns(namespace)].map(([task, run]) => (
    { event: "lost", task, run, pid: null, labels: {}, at: timeOf(run) }
  ));
}

/** Returns the last run of each task of which only a mark on disk with its record is left, if it ran when the host went down. */
function lostOnce(namespace: string): LostEvent[] {
  return [...markedRuns(namespace).keys()].flatMap((task) => {
    const found = unlessBad(() => leftRuns(namespace, task).next().value);
    if (!found?.left?.isLost) return [];
    const { run, pid, labels } = found.record;
    return [{ event: "lost", task, run, pid, labels, at: timeOf(run) }];
  });
}

function byRun(one: LostEvent, other: LostEvent): number {
  return one.run < other.run ? -1 : 1;
}

/** Returns the tasks that may have changed; undefined if any may have. */
async function changed(changes: Changes): Promise<string[] | undefined> {
  const names = await changes.names();
  return names && [...names].filter((name) => name.startsWith(REGISTERED))
    .map((name) => name.slice(REGISTERED.length));
}
