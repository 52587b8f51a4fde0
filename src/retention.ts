import { join } from "@std/path/posix/join";
import { unlessGone } from "./cgroup/cgroup.ts";
import { namespaceDirectory } from "./namespace.ts";
import { isRunning, recordedTasks } from "./task.ts";

/** How many finished runs of a namespace are remembered. */
export const KEPT_RUNS = 1000;

/** How many more may gather before they are cleared away, so that few runs have the trouble. */
const SLACK = 100;

/** A run's record, and when it was last written to, in milliseconds since 1970. */
export interface Remembered {
  /** The name of the task. */
  name: string;
  /** When its record was last written to. */
  written: number;
}

/** Those of the finished runs that are to be forgotten: all but the newest. */
export function forgettable(finished: readonly Remembered[], keep = KEPT_RUNS): string[] {
  return finished.toSorted((a, b) => b.written - a.written).slice(keep).map(({ name }) => name);
}

/** Forgets the oldest finished runs of a namespace, if there are many more than are kept. */
export function forgetOldRuns(namespace: string): void {
  const runs = join(namespaceDirectory(namespace), "runs");
  const names = recordedTasks(namespace);
  if (names.length <= KEPT_RUNS + SLACK) return;
  const finished = names.filter((name) => !isRunning(namespace, name)).map((name) => ({
    name,
    written: unlessGone(() => Deno.statSync(join(runs, name)).mtime?.getTime() ?? 0, 0),
  }));
  for (const name of forgettable(finished)) {
    // One that has been started again meanwhile is not touched: its record is new and in use.
    if (isRunning(namespace, name)) continue;
    unlessGone(() => Deno.removeSync(join(runs, name), { recursive: true }), undefined);
  }
}
