// Cgroups of any hierarchy, v1 or v2: their processes, creation and removal (cgroups(7)).
import { spend } from "../cli/budget.ts";
import { isTooLong, readBelow, removeBelow } from "./long_path.ts";

/** Returns whether an error means that the cgroup or process it is about no longer exists. */
export function isGone(error: unknown): boolean {
  // Reading a file of a removed cgroup gives ENODEV, /proc of a dead process ESRCH.
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && /os error (19|3)\)/.test(error.message));
}

/**
 * Returns the result of a function that reads a cgroup or a process, or the fallback if
 * that cgroup or process no longer exists. Other errors are thrown on.
 */
export function unlessGone<T>(read: () => T, fallback: T): T {
  try {
    return read();
  } catch (error) {
    if (isGone(error)) return fallback;
    throw error;
  }
}

/** As `unlessGone`, also if the caller may not look there. */
export function unlessHidden<T>(read: () => T, fallback: T): T {
  try {
    return unlessGone(read, fallback);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return fallback;
    throw error;
  }
}

/** Returns the inode number of a cgroup, by which it differs from others of its name; undefined if it does not exist. */
export function inodeOf(directory: string): number | undefined {
  return unlessGone(() => Deno.statSync(directory).ino ?? undefined, undefined);
}

/**
 * Returns the paths of a cgroup and of all cgroups below it, parents before children;
 * an empty list if the cgroup does not exist.
 *
 * @throws {Error} if a path exceeds PATH_MAX (`isTooLong`).
 */
export function cgroupTree(directory: string): string[] {
  return unlessGone(() => {
    spend();
    // A cgroup has two links and one more for each child: most need not be listed.
    if (Deno.statSync(directory).nlink === 2) return [directory];
    const children = [...Deno.readDirSync(directory)].filter((entry) => entry.isDirectory);
    return [directory, ...children.flatMap(({ name }) => cgroupTree(`${directory}/${name}`))];
  }, []);
}

/**
 * Returns the ids of the processes in one cgroup, without those of the cgroups below it;
 * none if it does not exist. cgroup.procs of v1 is in no order and may name a process twice.
 */
export function processesIn(directory: string): number[] {
  return parseProcesses(unlessGone(() => readProcesses(directory), ""));
}

/**
 * Parses the content of cgroup.procs. Leaves out 0, which stands for a process that is
 * being reaped or is in another PID namespace: kill(2) would take it for the caller's
 * process group.
 */
export function parseProcesses(text: string): number[] {
  return text.split("\n").map(Number).filter((pid) => pid > 0);
}

function readProcesses(directory: string): string {
  try {
    const text = Deno.readTextFileSync(`${directory}/cgroup.procs`);
    spend(text.length);
    return text;
  } catch (error) {
    // EOPNOTSUPP: the processes of a threaded cgroup are listed in its threaded domain, above.
    if (error instanceof Error && error.message.includes("os error 95)")) return "";
    throw error;
  }
}

/** Returns the ids of the processes in a cgroup and all below it, in ascending order, each once. */
export function processes(directory: string): number[] {
  return [...new Set(processesBelow(directory))].sort((a, b) => a - b);
}

function processesBelow(directory: string): number[] {
  try {
    return cgroupTree(directory).flatMap(processesIn);
  } catch (error) {
    if (!isTooLong(error)) throw error;
    return parseProcesses(readBelow(directory, "cgroup.procs"));
  }
}

/** Returns whether there is a process in the cgroup or in one below it. */
export function isPopulated(directory: string): boolean {
  // A populated cgroup usually has processes of its own: then one read suffices.
  const own = unlessGone(() => readProcesses(directory), undefined);
  return own !== undefined &&
    (parseProcesses(own).length > 0 || processes(directory).length > 0);
}

/**
 * Moves a process into a cgroup. In v1 the process must belong to the caller; in v2 the
 * caller must be allowed to write to cgroup.procs of the common ancestor of the old and the
 * new cgroup (cgroups(7), cgroup-v2.rst "Delegation Containment").
 *
 * @throws {Deno.errors.PermissionDenied} if the kernel refuses.
 */
export function move(pid: number, directory: string): void {
  Deno.writeTextFileSync(`${directory}/cgroup.procs`, String(pid), { create: false });
}

/**
 * Moves a process as `move` does, but without blocking: the first migration on an idle host
 * waits for an RCU grace period (6 to 28 ms), in which the caller can do something else.
 */
export function moveMeanwhile(pid: number, directory: string): Promise<void> {
  return Deno.writeTextFile(`${directory}/cgroup.procs`, String(pid), { create: false });
}

/** Creates a cgroup. Returns false if it existed already. */
export function makeCgroup(directory: string): boolean {
  try {
    Deno.mkdirSync(directory);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}

/**
 * Removes a cgroup and all below it, except those that are populated.
 *
 * @returns whether the cgroup no longer exists.
 */
export function removeCgroup(directory: string): boolean {
  try {
    for (const cgroup of cgroupTree(directory).reverse()) removeQuietly(cgroup);
  } catch (error) {
    if (!isTooLong(error)) throw error;
    removeBelow(directory);
  }
  return !isThere(directory);
}

/** Returns whether the cgroup exists. */
export function isThere(directory: string): boolean {
  return unlessGone(() => Deno.statSync(directory), undefined) !== undefined;
}

/** Removes a cgroup, a file or an empty directory, and returns whether this succeeded. */
export function removeQuietly(path: string): boolean {
  try {
    Deno.removeSync(path);
    return true;
  } catch {
    // It is in use, was not made, or belongs to another user.
    return false;
  }
}
