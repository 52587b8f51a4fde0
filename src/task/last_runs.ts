import { unlessGone } from "../cgroup/cgroup.ts";
import { runsDirectory } from "../namespace/paths.ts";
import { lastRunId, runNames } from "./records.ts";
import { parseRunName } from "./run_names.ts";
import { RUN_ID } from "./run_id.ts";

/** What changes when a process makes or removes the record of a run. */
interface Stamp {
  /** The links of the directory of the runs: it has one for each subdirectory (inode(7)). */
  links: number;
  /** Its modification time. */
  changed: number;
}

/**
 * The last run of each task, for a process that launches one task after the other: to list a
 * thousand records takes a fifth of the time of a launch. What other processes do is noticed by the
 * directory of the runs; what this one adds, it has to tell. Only that others have made a record and
 * removed another within the same tick of the kernel's clock in which this one has made one goes
 * unnoticed: the clock alone then decides which of two runs of a task is the later.
 */
export class LastRuns {
  #known: Stamp & { names: Map<string, string> } | undefined;

  constructor(readonly namespace: string) {}

  /**
   * Returns the id of the last run of a task; undefined if it has none.
   *
   * @throws {RecordsClosed} if the caller may not read the records.
   */
  of(task: string): string | undefined {
    // Before the list is read, so that a change meanwhile is noticed the next time.
    const stamp = this.#stamp();
    let known = this.#known;
    if (known === undefined || known.links !== stamp.links || known.changed !== stamp.changed) {
      known = this.#known = { ...stamp, names: lastNames(runNames(this.namespace)) };
    }
    const name = known.names.get(task);
    if (name === undefined) return undefined;
    const found = parseRunName(name);
    // Where the owner has made a directory of another name, all names are looked at.
    return found === undefined ? lastRunId(this.namespace, task) : found.run;
  }

  /** Notes that this process has just made the record of a run. */
  made(task: string, run: string): void {
    const [known, stamp] = [this.#known, this.#stamp()];
    if (known?.links === stamp.links - 1) {
      note(known.names, task, `${run}-${task}`);
      this.#known = { ...stamp, names: known.names };
    } else {
      this.#known = undefined;
    }
  }

  #stamp(): Stamp {
    const found = unlessGone(() => Deno.statSync(runsDirectory(this.namespace)), undefined);
    return { links: found?.nlink ?? 0, changed: found?.mtime?.getTime() ?? 0 };
  }
}

let kept: LastRuns | undefined;

/** Returns what this process knows of the last runs of a namespace. */
export function lastRunsOf(namespace: string): LastRuns {
  return kept?.namespace === namespace ? kept : kept = new LastRuns(namespace);
}

/** Returns the last name of each task, by what is behind the place of a run's id. */
function lastNames(names: Iterable<string>): Map<string, string> {
  const last = new Map<string, string>();
  for (const name of names) note(last, name.slice(RUN_ID + 1), name);
  return last;
}

function note(last: Map<string, string>, task: string, name: string): void {
  const known = last.get(task);
  if (known === undefined || known < name) last.set(task, name);
}
