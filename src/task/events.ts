import { existsSync } from "@std/fs/exists";
import { isFrozen } from "../cgroup/freezer.ts";
import type { Cancellable } from "../cli/command.ts";
import type { Namespace } from "../namespace/description.ts";
import { namedRoot, namespaceDirectory, trackingCgroup } from "../namespace/paths.ts";
import { Changes } from "./changes.ts";
import { lostRuns } from "./marks.ts";
import { timeOf } from "./run_id.ts";
import { RunTracker, type TaskEvent } from "./run_tracker.ts";
import { registeredTasks } from "./task.ts";

/** What the names of registered cgroups begin with. */
const REGISTERED = "task-";

/**
 * What becomes of the tasks of a namespace: first those that run now, then what happens,
 * as long as there is the namespace and it is not cancelled. Nothing is lost, nothing
 * comes twice: what is on record of each run tells all of it, and inotify(7) of the named
 * hierarchy when to look at which task. Nothing is done meanwhile.
 *
 * @throws {RecordsClosed} if they are not for the caller.
 */
export async function* taskEvents(
  namespace: Namespace,
  cancellable?: Cancellable,
): AsyncGenerator<TaskEvent> {
  const name = namespace.namespace;
  const named = namedRoot(name);
  const changes = new Changes({ pulse: Infinity });
  if (cancellable !== undefined) cancellable.sleeper = changes;
  try {
    changes.watch(named);
    // Which tells of the end of the namespace.
    changes.watch(namespaceDirectory(name));
    const tracker = new RunTracker(namespace);
    for (const [task, run] of lostRuns(namespace)) {
      yield { event: "lost", task, run, at: timeOf(run) };
    }
    for (const task of registeredTasks(named)) {
      yield* tracker.present(task, () => isFrozen(trackingCgroup(namespace, task)));
    }
    yield { event: "ready", at: Date.now() };
    // What has happened meanwhile may be among what was heard.
    for (let tasks: string[] | undefined; !cancellable?.cancelled; tasks = await changed(changes)) {
      const begin = performance.now();
      yield* tracker.look(tasks);
      if (!existsSync(`${named}/cgroup.procs`)) return;
      // Whoever has the kernel tell of more than can be looked at gets no more than half of the time.
      await new Promise((resolve) => setTimeout(resolve, performance.now() - begin));
      await changes.next(tracker.due());
    }
  } finally {
    changes.close();
  }
}

/** The tasks of which something may have become; nothing if that may be any. */
async function changed(changes: Changes): Promise<string[] | undefined> {
  const names = await changes.names();
  return names && [...names].filter((name) => name.startsWith(REGISTERED))
    .map((name) => name.slice(REGISTERED.length));
}
