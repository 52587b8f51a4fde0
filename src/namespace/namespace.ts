// Namespaces, their host and the caller. This file reads the record that describes a namespace.
import { Failed, NotInitialised, reason } from "../cli/errors.ts";
import type { Namespace } from "./description.ts";
import { namedRoot, namespaceDirectory, RUN } from "./paths.ts";

/** The versions of `namespace.json` that this executable understands: its own, and those before. */
const VERSIONS: readonly unknown[] = [4, 3, 2];

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
    // Everybody may read it by its mode.
    if (error instanceof Deno.errors.PermissionDenied) throw unreadable(file);
    throw new Failed(
      `cannot understand ${file}: ${reason(error)}: run "sudo lanco ${namespace} init" again`,
    );
  }
}

function unreadable(file: string): Failed {
  return new Failed(
    `this process may not read ${file}: permit that in its sandbox, or to its domain of SELinux (see "lanco man selinux")`,
  );
}

/**
 * Returns the inode number of a namespace's record, which changes with each `init`: a
 * command that goes on for long notices by it that the namespace was made anew. Returns null
 * if there is no such namespace.
 *
 * @throws {Failed} if this process may not look at the record.
 */
export function lastInit(namespace: string): number | null {
  const file = `${namespaceDirectory(namespace)}/namespace.json`;
  try {
    return Deno.statSync(file).ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof Deno.errors.PermissionDenied) throw unreadable(file);
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
    const { keeper } = readNamespace(namespace);
    const what = keeper === "systemd" ? "cgroup" : "named hierarchy";
    throw new Failed(
      `the ${what} of namespace ${namespace} is not mounted: run "sudo lanco ${namespace} init" again`,
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
