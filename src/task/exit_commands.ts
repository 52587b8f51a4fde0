import { inodeOf, isPopulated, processes, removeCgroup } from "../cgroup/cgroup.ts";
import { isFrozen } from "../cgroup/freezer.ts";
import { each } from "../cli/budget.ts";
import { isName, TASK_MAX } from "../cli/names.ts";
import type { Namespace } from "../namespace/description.ts";
import { exitCommandCgroups, namedRoot, registered } from "../namespace/paths.ts";
import { isTaskPopulated, saysPopulated } from "./population.ts";

/** The exit command of a run. */
export interface Exit {
  /** The name of the task. */
  task: string;
  /** The inode of the registered cgroup that the run has or had. */
  inode: number;
}

/**
 * Returns the exit commands that run, sorted by the names of their tasks, without those that still
 * wait for the end of their run; only of tasks whose names match, if a function for this is given.
 */
export function runningExitCommands(
  namespace: Namespace,
  matches: (task: string) => boolean = () => true,
): Exit[] {
  const exits = registeredExits(namespace).filter(({ task }) => matches(task));
  return each(exits, (exit) => isExitCommandRunning(namespace, exit) ? [exit] : [])
    .sort((a, b) => a.task < b.task ? -1 : a.task > b.task ? 1 : a.inode - b.inode);
}

/** Returns the exit commands of a task that wait for the end of their run: frozen, or where there is no freezer, polling. */
export function sleepingExitCommands(namespace: Namespace, task: string): Exit[] {
  return registeredExits(namespace).filter((exit) => {
    const { other: frozenCgroup } = exitCommandCgroups(namespace, exit.task, exit.inode);
    return exit.task === task && (frozenCgroup === undefined || isFrozen(frozenCgroup));
  });
}

/** Returns the exit commands that have a registered cgroup, in no order. */
function registeredExits({ namespace }: Namespace): Exit[] {
  return [...Deno.readDirSync(namedRoot(namespace))].flatMap(({ name }): Exit[] => {
    const [, inode, task = ""] = /^exit-(\d+)-(.+)$/.exec(name) ?? [];
    return inode === undefined || !isName(task, TASK_MAX) ? [] : [{ task, inode: Number(inode) }];
  });
}

/** Returns whether an exit command runs: its run is over, and it still has a process. */
export function isExitCommandRunning(namespace: Namespace, { task, inode }: Exit): boolean {
  const last = inodeOf(registered(namespace.namespace, task));
  if (last === inode && !isLeft(namespace, task)) return false;
  // Its processes may be in a PID namespace that the caller does not see.
  const { registered: own, other } = exitCommandCgroups(namespace, task, inode);
  return isPopulated(own) || saysPopulated(other ?? own) === true;
}

/** Returns whether the registered cgroup of a task is that of a run that is over: where systemd keeps the namespace, it stays if the shim was killed. */
function isLeft(namespace: Namespace, task: string): boolean {
  return namespace.keeper === "systemd" && !isTaskPopulated(namespace.namespace, task);
}

/** Removes the cgroups that exit commands of a task, and what has kept its time limits, have left, because their shells were killed. */
export function removeLeftExitCommands({ namespace }: Namespace, task: string): void {
  const root = namedRoot(namespace);
  for (const { name } of Deno.readDirSync(root)) {
    if (/^exit-T?\d+-(.+)$/.exec(name)?.[1] === task) removeCgroup(`${root}/${name}`);
  }
}

/** Returns the process ids of an exit command. */
export function exitCommandProcesses(namespace: Namespace, { task, inode }: Exit): number[] {
  return processes(exitCommandCgroups(namespace, task, inode).registered);
}
