import { existsSync } from "@std/fs/exists";
import { isGone, unlessGone } from "../cgroup/cgroup.ts";
import { Failed, NotPermitted, reason } from "../cli/errors.ts";
import { type LimitPlan, type Limits, planLimits } from "../cgroup/limits.ts";
import type { Namespace } from "../namespace/description.ts";
import { namespaceDirectory } from "../namespace/paths.ts";
import { registeredInode } from "../task/task.ts";

/**
 * Sets the limits of a task whose cgroups have been made and are still empty. The limit on
 * processes is only checked: see `limitProcesses`.
 *
 * @returns a warning for each limit that could not be set, if `bestEffort`.
 * @throws {Failed} if the host lacks a controller, unless `bestEffort`.
 * @throws {NotPermitted} if a limit is more than that of the namespace.
 * @throws an error that `isGone` if a cgroup has been removed meanwhile.
 */
export function setLimits(
  namespace: Namespace,
  task: string,
  limits: Limits,
  { bestEffort = false } = {},
): string[] {
  const { pids, ...atOnce } = limits;
  assertWithinNamespace(namespace, pids === undefined ? {} : { pids });
  return set(namespace, task, atOnce, bestEffort);
}

/** @throws {NotPermitted} if a limit is more than that of the namespace. */
export function assertWithinNamespace(namespace: Namespace, limits: Limits): void {
  for (const plan of planLimits(limits)) assertAllowed(namespace, plan);
}

/**
 * Sets the limit on processes. To be called when the task's first process has forked for the last
 * time, for the limit may be one process. Returns and throws as `setLimits` does.
 */
export function limitProcesses(
  namespace: Namespace,
  task: string,
  { pids }: Limits,
  { bestEffort = false } = {},
): string[] {
  return pids === undefined ? [] : set(namespace, task, { pids }, bestEffort);
}

/**
 * Removes the limit on processes from the task of a failed launch, whose child still has to clean up.
 *
 * @param inode The inode of the registered cgroup of this launch: another run may have the name now.
 */
export function liftProcessLimit(namespace: Namespace, task: string, inode: number): void {
  const path = locate(namespace, `task-${task}`, "pids.max");
  if (path === undefined) return;
  unlessGone(() => {
    using file = Deno.openSync(path, { write: true });
    // If the name belongs to this launch now, the file that has been opened does, too.
    if (registeredInode(namespace.namespace, task) === inode) {
      file.writeSync(new TextEncoder().encode("max"));
    }
  }, undefined);
}

function set(namespace: Namespace, task: string, limits: Limits, bestEffort: boolean): string[] {
  return planLimits(limits).flatMap((plan) => {
    assertAllowed(namespace, plan);
    return apply(namespace, `task-${task}`, plan) ? [] : [notEnforced(plan, bestEffort)];
  });
}

/**
 * Returns the warning about a limit that cannot be set.
 *
 * @throws {Failed} unless `bestEffort`.
 */
export function notEnforced({ option, controller }: LimitPlan, bestEffort: boolean): string {
  const message =
    `${option} cannot be enforced: this host has no controller "${controller}" for it`;
  if (!bestEffort) throw new Failed(`${message}: leave it out, or give --best-effort`);
  return message;
}

/**
 * Writes the first of the alternative settings whose file exists. Returns whether there is one.
 *
 * @throws {Deno.errors.NotFound} if a cgroup is gone, as the release agent of the run before may
 * remove one that is still empty.
 */
function apply(namespace: Namespace, cgroup: string, plan: LimitPlan): boolean {
  for (const setting of plan.alternatives) {
    const file = locate(namespace, cgroup, setting.file);
    if (file === undefined) continue;
    try {
      Deno.writeTextFileSync(file, setting.value, { create: false });
    } catch (error) {
      if (isGone(error)) throw error;
      throw new Failed(`cannot set ${plan.option}: ${reason(error)}`);
    }
    return true;
  }
  const root = namespaceDirectory(namespace.namespace);
  for (const { name, tasks } of namespace.hierarchies) {
    if (tasks) Deno.statSync(`${root}/${name}/${cgroup}`);
  }
  return false;
}

/** Returns the path of a file of a cgroup in the namespace, or with "" of the namespace's own cgroup, in the first hierarchy that has it. */
export function locate(namespace: Namespace, cgroup: string, name: string): string | undefined {
  const root = namespaceDirectory(namespace.namespace);
  for (const hierarchy of namespace.hierarchies) {
    if (!hierarchy.tasks) continue;
    const file = `${root}/${hierarchy.name}/${cgroup}/${name}`;
    if (existsSync(file)) return file;
  }
  return undefined;
}

/** Returns the trimmed content of such a file; undefined if no hierarchy has it. */
export function read(namespace: Namespace, cgroup: string, name: string): string | undefined {
  const path = locate(namespace, cgroup, name);
  return path && unlessGone(() => Deno.readTextFileSync(path).trim(), undefined);
}

function assertAllowed(namespace: Namespace, plan: LimitPlan): void {
  for (const setting of plan.alternatives) {
    // A weight is relative, and thus never too much.
    if (/weight|shares/.test(setting.file)) continue;
    const [allowed = "max"] = read(namespace, "", setting.file)?.split(" ") ?? [];
    // "max", and -1 in v1, mean that there is no limit.
    if (Number(allowed) >= 0 && Number(setting.value.split(" ")[0]) > Number(allowed)) {
      const both = setting.file.includes("memsw") ? " and --memory together" : "";
      throw new NotPermitted(
        `${plan.option}${both} is more than namespace ${namespace.namespace} has, ${allowed}: give less`,
      );
    }
  }
}
