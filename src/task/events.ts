import { existsSync } from "@std/fs/exists";
import { isFrozen } from "../cgroup/freezer.ts";
import { RecordsClosed } from "../cli/errors.ts";
import { namedRoot, type Namespace, namespaceDirectory } from "../namespace/namespace.ts";
import { journalFile, JournalReader } from "./journal.ts";
import { trackingCgroup } from "./places.ts";
import { Runs, type TaskEvent } from "./runs.ts";
import { registeredTasks } from "./task.ts";

/** How often to look where the user has no inotify(7) instance left, in milliseconds. */
const POLL = 50;

/**
 * What becomes of the tasks of a namespace: first those that run now, then what happens,
 * as long as there is the namespace and the signal does not come. Nothing is lost, nothing
 * comes twice: what is written down tells how, the cgroups of the named hierarchy tell
 * that a run is over, and inotify(7) when to look at them. Nothing is done meanwhile.
 *
 * @throws {RecordsClosed} if they are not for the caller.
 */
export async function* taskEvents(
  namespace: Namespace,
  signal?: AbortSignal,
): AsyncGenerator<TaskEvent> {
  const name = namespace.namespace;
  const named = namedRoot(name);
  const journal = openJournal(name);
  const watch = new Watch(name);
  const stop = () => watch.wake();
  signal?.addEventListener("abort", stop);
  try {
    const runs = new Runs(namespace);
    for (const task of registeredTasks(named)) {
      const isPaused = () => isFrozen(trackingCgroup(namespace, task));
      yield* runs.present(task, isPaused);
    }
    yield { event: "ready", at: Date.now() };
    while (!signal?.aborted) {
      const { tasks, all } = watch.seen();
      // What is written down is older than the removal of a cgroup that has been seen.
      for (const entry of journal.read()) yield* runs.hear(entry);
      const listed = new Set(tryList(named));
      // The runtime drops what it cannot deliver at once: so a word of one is a word of all.
      for (const task of runs.tasks()) if (all || !listed.has(task)) tasks.add(task);
      for (const task of listed) if (!runs.knows(task)) tasks.add(task);
      for (const task of tasks) yield* runs.look(task);
      yield* runs.overdue();
      if (!existsSync(`${named}/cgroup.procs`)) return;
      await watch.next(runs.due());
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    watch.close();
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

function tryList(named: string): string[] {
  try {
    return registeredTasks(named);
  } catch {
    return [];
  }
}

/** Tells which tasks to look at, by inotify(7). */
class Watch {
  readonly #journal: string;
  readonly #directory: string;
  #watcher: Deno.FsWatcher | undefined;
  #watched = "";
  #tasks = new Set<string>();
  #all = true;
  #changed = true;
  #resume: (() => void) | undefined;

  constructor(private readonly namespace: string) {
    this.#journal = journalFile(namespace);
    this.#directory = this.#journal.slice(0, this.#journal.lastIndexOf("/"));
    this.#begin();
  }

  #begin(): void {
    // Another journal is another file to watch, and where there is none it will be made.
    const inode = inodeOf(this.#journal);
    const watched = inode === null ? "directory" : String(inode);
    if (watched === this.#watched) return;
    this.#watched = watched;
    this.#watcher?.close();
    try {
      // The last one tells of the end of the namespace itself.
      const paths = [namedRoot(this.namespace), namespaceDirectory(this.namespace)];
      paths.push(inode === null ? this.#directory : this.#journal);
      this.#watcher = Deno.watchFs(paths, { recursive: false });
      this.#listen(this.#watcher);
    } catch {
      this.#watcher = undefined;
    }
    // What has happened before it watched.
    [this.#all, this.#changed] = [true, true];
  }

  async #listen(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind, paths, flag } of watcher) {
        if (kind === "access") continue;
        if (flag === "rescan") this.#all = true;
        for (const path of paths) {
          const task = /\/named\/task-([^/]+)$/.exec(path)?.[1];
          if (task !== undefined) this.#tasks.add(task);
          else if (path.endsWith("/named")) this.#all = true;
        }
        this.wake();
      }
    } catch {
      // It was closed.
    }
  }

  /** Has the one who waits look. */
  wake(): void {
    this.#changed = true;
    this.#resume?.();
  }

  /** What there is to look at since the last call. */
  seen(): { tasks: Set<string>; all: boolean } {
    this.#begin();
    const seen = { tasks: this.#tasks, all: this.#all };
    [this.#tasks, this.#all, this.#changed] = [new Set(), false, false];
    return seen;
  }

  /** Waits until there is something to look at, or so many milliseconds. */
  async next(atMost: number): Promise<void> {
    if (this.#changed) return;
    const poll = this.#watcher === undefined;
    const longest = Math.min(atMost, poll ? POLL : Infinity);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resume = resolve;
    const timer = longest === Infinity ? undefined : setTimeout(resolve, longest);
    await promise;
    clearTimeout(timer);
    this.#resume = undefined;
    if (poll) this.#all = true;
  }

  close(): void {
    this.#watcher?.close();
  }
}

function inodeOf(path: string): number | null {
  try {
    return Deno.statSync(path).ino;
  } catch {
    return null;
  }
}
