import { Failed } from "../cli/errors.ts";
import { namedRoot, type Namespace, namespaceDirectory } from "../namespace/namespace.ts";

/** The task's cgroup in the named hierarchy: it is there while the task runs. */
export function registered(namespace: string, task: string): string {
  return `${namedRoot(namespace)}/task-${task}`;
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
    throw new Failed(`namespace ${namespace.namespace} has no hierarchy to track tasks in`);
  }
  return `${namespaceDirectory(namespace.namespace)}/${hierarchy.name}/task-${task}`;
}

/** Where the exit command of a run is. */
export interface ExitPlace {
  /** Its cgroup in the named hierarchy, by which the kernel tells of its end. */
  registered: string;
  /** The cgroup in which it sleeps; none if the host has no place for it. */
  bed: string | undefined;
}

/**
 * Where the exit command of a run of a task is.
 *
 * @param cgroup The inode of the run's registered cgroup.
 */
export function exitPlace(namespace: Namespace, task: string, cgroup: number): ExitPlace {
  const { namespace: name, exits } = namespace;
  const bed = exits === "" ? undefined : `${namespaceDirectory(name)}/${exits}/exits`;
  return {
    registered: `${namedRoot(name)}/exit-${cgroup}-${task}`,
    bed: bed && `${bed}/${cgroup}-${task}`,
  };
}
