import { existsSync } from "@std/fs/exists";
import { isFrozen } from "../cgroup/freezer.ts";
import type { Cancellable } from "../cli/command.ts";
import { RecordsClosed } from "../cli/errors.ts";
import { namedRoot, type Namespace, namespaceDirectory } from "../namespace/namespace.ts";
import { Changes } from "./changes.ts";
import { JournalReader } from "./journal.ts";
import { trackingCgroup } from "./places.ts";
import { Runs, type TaskEvent } from "./runs.ts";
import { registeredTasks } from "./task.ts";

/**
 * What becomes of the tasks of a namespace: first those that run now, then what happens,
 * as long as there is the namespace and it is not cancelled. Nothing is lost, nothing
 * comes twice: what is written down tells how, the cgroups of the named hierarchy tell
 * that a run is over, and inotify(7) when to look at them. Nothing is done meanwhile.
 *
 * @throws {RecordsClosed} if they are not for the caller.
 */
export async function* taskEvents(
  namespace: Namespace,
  cancellable?: Cancellable,
): AsyncGenerator<TaskEvent> {
  const name = namespace.namespace;
  const named = namedRoot(name);
  const journal = openJournal(name);
  const changes = new Changes({ pulse: Infinity });
  if (cancellable !== undefined) cancellable.sleeper = changes;
  try {
    changes.watch(named);
    // Which tells of the end of the namespace.
    changes.watch(namespaceDirectory(name));
    const runs = new Runs(namespace);
    for (const task of registeredTasks(named)) {
      yield* runs.present(task, () => isFrozen(trackingCgroup(namespace, task)));
    }
    yield { event: "ready", at: Date.now() };
    while (!cancellable?.cancelled) {
      // Before the list: what is written down is older than the end of what is not listed.
      const listed = tryList(named);
      for (const entry of journal.read()) yield* runs.hear(entry);
      yield* runs.lookAround(listed, journal.inode === null);
      if (!existsSync(`${named}/cgroup.procs`)) return;
      await changes.next(runs.due());
    }
  } finally {
    changes.close();
    journal.close();
  }
}

function openJournal(namespace: string): JournalReader {
  try {
    return new JournalReader(namespace);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw new RecordsClosed(namespace);
    throw error;
  }
}

/** Nothing, if the namespace is being released. */
function tryList(named: string): Set<string> {
  try {
    return new Set(registeredTasks(named));
  } catch {
    return new Set();
  }
}
