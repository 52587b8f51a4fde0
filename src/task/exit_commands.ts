import { isPopulated, processes, unlessGone } from "../cgroup/cgroup.ts";
import { isFrozen } from "../cgroup/freezer.ts";
import { isName, TASK_MAX } from "../cli/names.ts";
import type { Namespace } from "../namespace/description.ts";
import { exitCommandCgroups, namedRoot, registered } from "../namespace/paths.ts";

/** An exit command that runs: that of a run that is over. */
export interface Exit {
  /** The name of the task. */
  task: string;
  /** The number of the run. */
  run: number;
}

/**
 * The exit commands that run, sorted by the names of their tasks. What sleeps until the end
 * of its task, whose run is under way, is not among them.
 */
export function runningExitCommands(namespace: Namespace): Exit[] {
  return registeredExits(namespace).filter((exit) => isExitCommandRunning(namespace, exit))
    .sort((a, b) => a.task < b.task ? -1 : a.task > b.task ? 1 : a.run - b.run);
}

/** The exit commands that sleep until their task has ended and is released, or wait for it. */
export function sleepingExitCommands(namespace: Namespace, task: string): Exit[] {
  return registeredExits(namespace).filter((exit) => {
    const { frozenCgroup } = exitCommandCgroups(namespace, exit.task, exit.run);
    return exit.task === task && (frozenCgroup === undefined || isFrozen(frozenCgroup));
  });
}

/** The exit commands that have a cgroup, in no order. */
function registeredExits({ namespace }: Namespace): Exit[] {
  return [...Deno.readDirSync(namedRoot(namespace))].flatMap(({ name }): Exit[] => {
    const [, run, task = ""] = /^exit-(\d+)-(.+)$/.exec(name) ?? [];
    return run === undefined || !isName(task, TASK_MAX) ? [] : [{ task, run: Number(run) }];
  });
}

/** Whether an exit command runs. */
export function isExitCommandRunning(namespace: Namespace, { task, run }: Exit): boolean {
  const cgroup = registered(namespace.namespace, task);
  const underWay = unlessGone(() => Deno.statSync(cgroup).ino, null);
  return underWay !== run && isPopulatedExit(namespace, { task, run });
}

/** Whether there is a process of it, which may be in a PID namespace that the caller does not see. */
function isPopulatedExit(namespace: Namespace, { task, run }: Exit): boolean {
  const { registered, frozenCgroup } = exitCommandCgroups(namespace, task, run);
  if (isPopulated(registered)) return true;
  const events = unlessGone(() => Deno.readTextFileSync(`${frozenCgroup}/cgroup.events`), "");
  return /^populated 1$/m.test(events);
}

/** The processes of an exit command. */
export function exitCommandProcesses(namespace: Namespace, { task, run }: Exit): number[] {
  return processes(exitCommandCgroups(namespace, task, run).registered);
}
