// What a namespace and its host are: places, capacity, caller, and what a host lacks.
import { Failed, NotInitialised, reason } from "../cli/errors.ts";
import type { Capacity } from "../cgroup/limits.ts";
import { RUN } from "./paths.ts";

/** Which cgroup versions a host has: v2 alone, both, or v1 alone. */
export type Layout = "unified" | "hybrid" | "legacy";

/** A cgroup hierarchy that tasks leave their caller's groups in. */
export interface Hierarchy {
  /** `unified`, a list of v1 controllers, or the name of a v1 hierarchy without any. */
  name: string;
  /** The version of its cgroups. */
  version: 1 | 2;
  /** The namespace's cgroup, where the host has it mounted. */
  cgroup: string;
  /** Whether each task has a cgroup of its own in it; else all share the namespace's. */
  tasks: boolean;
}

/** What root wrote down at `init`, in `/run/lanco/<ns>/namespace.json`. */
export interface Namespace {
  /** The version of this record. */
  version: number;
  /** Its name. */
  namespace: string;
  /** The owner's numeric user id. */
  uid: number;
  /** The numeric id of the group that may read logs and records. */
  gid: number;
  /** The owner's name, or his id if he has none. */
  owner: string;
  /** What the host has mounted. */
  layout: Layout;
  /** What the host has: nobody can be given more. */
  host: Capacity;
  /** The hierarchy in which exit commands sleep; empty if the host has no freezer. */
  exits: string;
  /** The hierarchies in use, without the named one. */
  hierarchies: Hierarchy[];
}

/** The version of `namespace.json` that this program understands. */
const VERSION = 2;

/** The directory of a namespace: `/run/lanco/<ns>`. */
export function namespaceDirectory(namespace: string): string {
  return `${RUN}/${namespace}`;
}

/** The root of the named hierarchy, whose cgroups are the register of tasks. */
export function namedRoot(namespace: string): string {
  return `${RUN}/${namespace}/named`;
}

/**
 * Reads what `init` wrote down.
 *
 * @throws {NotInitialised} if there is no such namespace.
 * @throws {Failed} if there is one that cannot be read.
 */
export function readNamespace(namespace: string): Namespace {
  const file = `${namespaceDirectory(namespace)}/namespace.json`;
  try {
    const record: Namespace = JSON.parse(Deno.readTextFileSync(file));
    if (record.version !== VERSION || !Array.isArray(record.hierarchies)) {
      throw new Error(`not of version ${VERSION}`);
    }
    return record;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new NotInitialised(namespace);
    throw new Failed(
      `cannot understand ${file}: ${reason(error)}: run "sudo lanco ${namespace} init" again`,
    );
  }
}

/**
 * What tells the namespace that the last init has made, or repaired, from any before it: the
 * inode of what it wrote down. Nothing if there is none.
 */
export function lastInit(namespace: string): number | null {
  const file = `${namespaceDirectory(namespace)}/namespace.json`;
  try {
    return Deno.statSync(file).ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * Makes sure that an absent task is an answer: that the named hierarchy is there.
 *
 * @throws {NotInitialised} if there is no such namespace.
 * @throws {Failed} if there is one, but its named hierarchy is not mounted.
 */
export function assertMounted(namespace: string): void {
  try {
    Deno.statSync(`${namedRoot(namespace)}/cgroup.procs`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new Failed(`cannot look into namespace ${namespace}: ${reason(error)}`);
    }
    readNamespace(namespace);
    throw new Failed(
      `the named hierarchy of namespace ${namespace} is not mounted: run "sudo lanco ${namespace} init" again`,
    );
  }
}

/** The names of the namespaces of this host, sorted. */
export async function namespaces(): Promise<string[]> {
  // Here, for the other commands have no use for it.
  const { existsSync } = await import("@std/fs/exists");
  if (!existsSync(RUN)) return [];
  return [...Deno.readDirSync(RUN)].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name)
    .filter((name) => existsSync(`${RUN}/${name}/namespace.json`))
    .sort();
}
