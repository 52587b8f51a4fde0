import { join } from "@std/path/posix/join";
import { normalize } from "@std/path/posix/normalize";
import { Failed } from "../cli/errors.ts";
import type { Namespace } from "./description.ts";

/**
 * The directory of everything that lasts until the next boot. Cgroups and /proc are mounted
 * below it, too, because Deno refuses any path under /sys and /proc.
 */
export const RUN = "/run/lanco";

/** The path of proc(5) for Deno. It is mounted as long as there is any namespace. */
export const PROC = `${RUN}/proc`;

/** The directory that logs are in, unless `-l` names another; the executable may write here. */
export const LOGS = "/var/log";

/** Returns whether a file is below `/var/log`, where the executable itself may read and write. */
export function isBelowLogs(path: string): boolean {
  return normalize(path).startsWith(`${LOGS}/`);
}

/**
 * Returns a path by which the executable has permission to stat(2) or watch any file that
 * its user may. Outside of `/var/log` the path leads through the root directory of this
 * process, `/run/lanco/proc/self/root` (proc_pid_root(5)).
 */
export function visible(path: string): string {
  return isBelowLogs(path) ? normalize(path) : `${PROC}/self/root${normalize(`/${path}`)}`;
}

/** Returns the absolute path, without `.` and `..`, of a path relative to a working directory. */
export function absolute(path: string, working: string): string {
  return path.startsWith("/") ? normalize(path) : join(working, path);
}

/** Returns the directory of a namespace's logs. It has mode 0750, and belongs to owner and group. */
export function logDirectory(namespace: string): string {
  return `${LOGS}/lanco-${namespace}`;
}

/** Returns the path of a task's log, unless `-l` names another. */
export function logFile(namespace: string, task: string): string {
  return `${logDirectory(namespace)}/task-${task}.log`;
}

/** Returns the directory of the marks on disk: a file for each run, in which its end is written, too. */
export function markDirectory(namespace: string): string {
  return `${logDirectory(namespace)}/.runs`;
}

/** Returns the directory of the marks on disk that stay until they are forgotten, of runs that are to be the only ones of their task. */
export function onceDirectory(namespace: string): string {
  return `${markDirectory(namespace)}/once`;
}

/** Returns the directory of a namespace: `/run/lanco/<ns>`. */
export function namespaceDirectory(namespace: string): string {
  return `${RUN}/${namespace}`;
}

/** Returns the root of the named hierarchy, whose cgroups are the register of tasks. */
export function namedRoot(namespace: string): string {
  return `${RUN}/${namespace}/named`;
}

/** The task's cgroup in the named hierarchy: it is there while the task runs. */
export function registered(namespace: string, task: string): string {
  return `${namedRoot(namespace)}/task-${task}`;
}

/**
 * The cgroup of a task's shim where systemd keeps the namespace: there the registered cgroup has the
 * task's processes alone, and the shim is here until it has written the exit status.
 */
export function shimCgroup(namespace: string, task: string): string {
  return `${shimsCgroup(namespace)}/task-${task}`;
}

/** The cgroup of shells that belong to no running task. */
export function shimsCgroup(namespace: string): string {
  return `${RUN}/${namespace}/unified/shims`;
}

/** The cgroups that the processes of a running task and its shim are in, one or both. */
export function memberCgroups(namespace: string, task: string): string[] {
  return [registered(namespace, task), shimCgroup(namespace, task)];
}

/** The directory of the counters of runs that have ended. */
export function usageDirectory(namespace: string): string {
  return `${namespaceDirectory(namespace)}/usage`;
}

/** Where the runs of a namespace are on record: a tmpfs of its own. */
export function runsDirectory(namespace: string): string {
  return `${namespaceDirectory(namespace)}/runs`;
}

/** The directory of a run: what was launched, and what has become of it. */
export function runDirectory(namespace: string, run: string, task: string): string {
  return `${runsDirectory(namespace)}/${run}-${task}`;
}

/** The task's own cgroups outside of the named hierarchy. */
export function taskCgroups(namespace: Namespace, task: string): string[] {
  const root = namespaceDirectory(namespace.namespace);
  return namespace.hierarchies.filter((hierarchy) => hierarchy.tasks)
    .toSorted((a, b) => b.version - a.version)
    .map(({ name }) => `${root}/${name}/task-${task}`);
}

/**
 * The cgroup that holds the task's processes and nothing else; the named one has
 * the shim too. It is the unified one where there is one, else one of v1 that can
 * freeze, else any.
 */
export function trackingCgroup(namespace: Namespace, task: string): string {
  const own = namespace.hierarchies.filter((hierarchy) => hierarchy.tasks);
  const hierarchy = own.find(({ version }) => version === 2) ??
    own.find(({ name }) => name.split(",").includes("freezer")) ?? own[0];
  if (hierarchy === undefined) {
    throw new Failed(
      `namespace ${namespace.namespace} has no hierarchy to track tasks in: run "sudo lanco ${namespace.namespace} init" again`,
    );
  }
  return `${namespaceDirectory(namespace.namespace)}/${hierarchy.name}/task-${task}`;
}

/** Where a shell is that stays with a run beside its shim. */
export interface CgroupsBeside {
  /** Its cgroup in the named hierarchy, by which the kernel tells of its end. */
  registered: string;
  /** Its cgroup in the hierarchy of exit commands, in which these sleep; none if the host has no place for it. */
  other: string | undefined;
}

function cgroupsBeside({ namespace, exits }: Namespace, name: string): CgroupsBeside {
  return {
    registered: `${namedRoot(namespace)}/exit-${name}`,
    other: exits === "" ? undefined : `${namespaceDirectory(namespace)}/${exits}/exits/${name}`,
  };
}

/**
 * Where the shell is that keeps the time limit of a run. Its name is such that the release agent
 * treats it as an exit command, and nobody takes it for one: the number is that of no cgroup.
 *
 * @param inode The inode of the run's registered cgroup.
 */
export function timeKeeperCgroups(namespace: Namespace, task: string, inode: number) {
  return cgroupsBeside(namespace, `T${inode}-${task}`);
}

/**
 * Where the exit command of a run of a task is.
 *
 * @param inode The inode of the run's registered cgroup.
 */
export function exitCommandCgroups(namespace: Namespace, task: string, inode: number) {
  return cgroupsBeside(namespace, `${inode}-${task}`);
}
