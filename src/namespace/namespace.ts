// Namespaces, their host and the caller. This file reads the record that describes a namespace.
import { Failed, NotInitialised, reason } from "../cli/errors.ts";
import type { Capacity } from "../cgroup/limits.ts";
import { RUN } from "./paths.ts";

/** The cgroup versions that a host has mounted: v2 alone, both, or v1 alone. */
export type Layout = "unified" | "hybrid" | "legacy";

/** A cgroup hierarchy in which a task leaves the cgroup of its caller. */
export interface Hierarchy {
  /** `unified`, a list of v1 controllers, or the name of a v1 hierarchy without controllers. */
  name: string;
  /** The version of its cgroups. */
  version: 1 | 2;
  /** The path of the namespace's cgroup below the host's own mount of the hierarchy. */
  cgroup: string;
  /** Whether each task has a cgroup of its own here; otherwise all share the namespace's. */
  tasks: boolean;
}

/** A boot of the host, as `init` records it. */
export interface Boot {
  /** The kernel's id of the boot, from `/proc/sys/kernel/random/boot_id` (proc(5)). */
  id: string;
  /** The time of the boot, by the clock at the first `init`, in milliseconds since 1970. */
  at: number;
}

/** The record that `init` writes as root, `/run/lanco/<ns>/namespace.json`. */
export interface Namespace {
  /** The version of the form of this record. */
  version: number;
  /** The name of the namespace. */
  namespace: string;
  /** The owner's numeric user id. */
  uid: number;
  /** The numeric id of the group that may read logs and records. */
  gid: number;
  /** The owner's name, or the numeric id if it has no name. */
  owner: string;
  /** The cgroup versions that the host had mounted. */
  layout: Layout;
  /** The capacity of the host: no task can have a higher limit. */
  host: Capacity;
  /** The hierarchy in which exit commands are frozen; empty if the host has no freezer. */
  exits: string;
  /** The hierarchies in use, apart from the named hierarchy. */
  hierarchies: Hierarchy[];
  /** The boot in which the namespace was made; missing in records of version 2. */
  boot?: Boot;
}

/** The versions of `namespace.json` that this executable understands: its own, and the previous. */
const VERSIONS: readonly unknown[] = [3, 2];

/** Returns the directory of a namespace: `/run/lanco/<ns>`. */
export function namespaceDirectory(namespace: string): string {
  return `${RUN}/${namespace}`;
}

/** Returns the root of the named hierarchy, whose cgroups are the register of tasks. */
export function namedRoot(namespace: string): string {
  return `${RUN}/${namespace}/named`;
}

/**
 * Reads the record of a namespace.
 *
 * @throws {NotInitialised} if there is no such namespace.
 * @throws {Failed} if its record cannot be read, or has another version.
 */
export function readNamespace(namespace: string): Namespace {
  const file = `${namespaceDirectory(namespace)}/namespace.json`;
  try {
    const record: Namespace = JSON.parse(Deno.readTextFileSync(file));
    if (!VERSIONS.includes(record.version) || !Array.isArray(record.hierarchies)) {
      throw new Error(`not of version ${VERSIONS[0]}`);
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
 * Returns the inode number of a namespace's record, which changes with each `init`: a
 * command that goes on for long notices by it that the namespace was made anew. Returns null
 * if there is no such namespace.
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
 * Checks that the named hierarchy is mounted: only then does the absence of a task's cgroup
 * mean that the task is not running.
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

/** Returns the names of the namespaces of this host, sorted. */
export async function namespaces(): Promise<string[]> {
  // Imported here, for other commands should not pay for loading it.
  const { existsSync } = await import("@std/fs/exists");
  if (!existsSync(RUN)) return [];
  return [...Deno.readDirSync(RUN)].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name)
    .filter((name) => existsSync(`${RUN}/${name}/namespace.json`))
    .sort();
}
