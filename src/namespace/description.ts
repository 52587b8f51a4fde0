import type { Capacity } from "../cgroup/limits.ts";

/** The cgroup versions that a host has mounted: v2 alone, both, or v1 alone. */
export type Layout = "unified" | "hybrid" | "legacy";

/**
 * What keeps a namespace: a named hierarchy of cgroup v1, whose release agent the kernel runs as
 * root; or systemd, into whose unit an owner can have any of their processes moved.
 */
export type KeeperName = "named" | "systemd";

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
  /** The hierarchy in which exit commands are frozen; empty if the host has no freezer, or systemd keeps the namespace. */
  exits: string;
  /** The hierarchies in use, apart from the named hierarchy: where systemd keeps it, the unified one. */
  hierarchies: Hierarchy[];
  /** The most bytes that are kept of each log, unless `run` sets another bound; missing if there is none. */
  logMax?: number;
  /** What keeps it; missing in records before version 4, which named hierarchies keep. */
  keeper?: KeeperName;
  /** The boot in which the namespace was made; missing in records of version 2. */
  boot?: Boot;
}
