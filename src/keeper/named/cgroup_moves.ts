import { existsSync } from "@std/fs/exists";
import { isGone, makeCgroup, move, removeCgroup } from "../../cgroup/cgroup.ts";
import { Failed, reason } from "../../cli/errors.ts";
import type { Namespace } from "../../namespace/description.ts";
import { namespaceDirectory, taskCgroups } from "../../namespace/paths.ts";
import { isDying } from "../../task/command_start.ts";
import { procOf } from "../../task/pid_namespace.ts";
import { cgroupsOf, readVisible } from "../../task/process.ts";
import { tooManyCgroups } from "../reopening.ts";

/**
 * Moves processes out of their caller's cgroups of v1 into the namespace's cgroups, as the owner
 * of the namespace may. In the unified hierarchy only the release agent may move them.
 *
 * @throws {Failed} if a cgroup of the namespace is gone, or the kernel refuses the process.
 */
export function leaveCallerHierarchies(namespace: Namespace, pids: readonly number[]): void {
  const root = namespaceDirectory(namespace.namespace);
  const cgroups = new Map(pids.map((pid) => [pid, cgroupsOf(pid)]));
  for (const { name, version } of namespace.hierarchies) {
    if (version !== 1) continue;
    try {
      for (const [pid, paths] of cgroups) {
        if (!isInNamespaceCgroup(namespace, paths.get(name))) move(pid, `${root}/${name}`);
      }
    } catch (error) {
      throw explained(error, namespace, name);
    }
  }
}

/** Returns whether a path is that of the namespace's own cgroup, where processes forked by the shim pool start. */
function isInNamespaceCgroup({ namespace }: Namespace, path = ""): boolean {
  return path.endsWith(`/lanco-${namespace}`);
}

function explained(error: unknown, { namespace }: Namespace, hierarchy: string): unknown {
  // EAGAIN: cgroup.max.descendants is reached.
  if (error instanceof Error && error.message.includes("os error 11)")) {
    return tooManyCgroups(namespace);
  }
  // EINVAL: a cgroup of v1 has no share of real time unless it is given one (sched-rt-group.rst).
  if (
    reason(error).includes("os error 22)") &&
    existsSync(`${namespaceDirectory(namespace)}/${hierarchy}/cpu.rt_runtime_us`)
  ) {
    return new Failed(
      `hierarchy ${hierarchy} of cgroup version 1 takes no real-time process: start it as an ordinary one, with "chrt -o 0 lanco ${namespace} run ..."`,
    );
  }
  if (!(error instanceof Deno.errors.NotFound)) return error;
  return new Failed(
    `the cgroup of namespace ${namespace} in hierarchy ${hierarchy} is gone: run "sudo lanco ${namespace} init" again`,
  );
}

/**
 * Makes new cgroups for the task, and calls `prepare` for them. Returns whether all still exist: the
 * release agent of the run before may come late and have removed one.
 */
export function makeTaskCgroups(namespace: Namespace, task: string, prepare: () => void): boolean {
  try {
    for (const cgroup of taskCgroups(namespace, task)) {
      if (makeCgroup(cgroup)) continue;
      removeCgroup(cgroup);
      makeCgroup(cgroup);
    }
    prepare();
    return true;
  } catch (error) {
    return goneForNow(namespace, error);
  }
}

/**
 * Moves the task's first process into the task's cgroups of v1, or into the namespace's in
 * hierarchies in which tasks have none.
 */
export function enterTaskCgroups(
  namespace: Namespace,
  task: string,
  child: number,
  isLast: boolean,
): void {
  const root = namespaceDirectory(namespace.namespace);
  const cgroups = cgroupsOf(child);
  let hierarchy = "";
  try {
    for (const { name, version, tasks } of namespace.hierarchies) {
      if (version !== 1) continue;
      hierarchy = name;
      if (tasks) move(child, `${root}/${name}/task-${task}`);
      else if (!isInNamespaceCgroup(namespace, cgroups.get(name))) move(child, `${root}/${name}`);
    }
  } catch (error) {
    const known = explained(error, namespace, hierarchy);
    if (isLast || !isGone(error)) throw known;
    goneForNow(namespace, error);
  }
}

/** Returns false for a cgroup that was removed and can be made again; throws if it cannot. */
function goneForNow(namespace: Namespace, error: unknown): false {
  const root = namespaceDirectory(namespace.namespace);
  const lost = namespace.hierarchies.find(({ name }) =>
    !existsSync(`${root}/${name}/cgroup.procs`)
  );
  if (lost !== undefined) throw explained(error, namespace, lost.name);
  if (!isGone(error)) throw explained(error, namespace, "unified");
  return false;
}

/** Returns whether the task's first process is in the task's cgroup of each hierarchy. */
export function isInTaskCgroups(namespace: Namespace, child: number, task: string): boolean {
  const cgroups = cgroupsOf(child);
  return namespace.hierarchies.filter(({ tasks }) => tasks).every(({ name }) =>
    cgroups.get(name)?.endsWith(`/lanco-${namespace.namespace}/task-${task}`)
  );
}

/**
 * Checks that a process has left every cgroup of its caller.
 *
 * @throws {Failed} if it is in a cgroup that is not below the namespace's.
 */
export function assertOutsideCallerCgroups(namespace: Namespace, pid: number): void {
  const cgroups = cgroupsOf(pid);
  for (const { name } of namespace.hierarchies) {
    const path = cgroups.get(name);
    const isOutside = path !== undefined &&
      !`${path}/`.includes(`/lanco-${namespace.namespace}/`);
    if (isOutside && !isEnding(pid)) {
      throw new Failed(
        `the task did not leave its caller's cgroup ${path} of ${name}: run "sudo lanco ${namespace.namespace} init" again`,
      );
    }
  }
}

/** Returns whether a process has ended or is ending: the kernel then shows it in the root of each hierarchy of v1. */
function isEnding(pid: number): boolean {
  return readVisible(`${procOf(pid)}/stat`) === "" || isDying(pid);
}
