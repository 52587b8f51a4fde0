// Cgroups as the kernel has them: directories and files, limits, the freezer.
import { isTooLong, readBelow, removeBelow } from "./deep.ts";

/** Whether the error says that a cgroup, or a process, is no longer there. */
export function isGone(error: unknown): boolean {
  // Reading a file of a removed cgroup gives ENODEV, /proc of a dead process ESRCH.
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && /os error (19|3)\)/.test(error.message));
}

/** What the function returns, or the fallback if what it looked at is gone. */
export function unlessGone<T>(look: () => T, fallback: T): T {
  try {
    return look();
  } catch (error) {
    if (isGone(error)) return fallback;
    throw error;
  }
}

/**
 * The cgroup and all that are below it, parents first. Empty if it is gone.
 *
 * @throws {Error} if a path is too long: see `deep.ts`.
 */
export function cgroupTree(directory: string): string[] {
  return unlessGone(() => {
    // A directory has two links and one more for each below it; this is the usual case.
    if (Deno.statSync(directory).nlink === 2) return [directory];
    const children = [...Deno.readDirSync(directory)].filter((entry) => entry.isDirectory);
    return [directory, ...children.flatMap(({ name }) => cgroupTree(`${directory}/${name}`))];
  }, []);
}

/**
 * The processes in one cgroup, without those below it. v1 may list one twice, and
 * in any order. One that is just being reaped is listed as 0, which kill(2) would
 * take for the whole process group of the caller: it is left out.
 */
export function processesIn(directory: string): number[] {
  return parseProcesses(unlessGone(() => readProcesses(directory), ""));
}

/** Reads cgroup.procs. */
export function parseProcesses(text: string): number[] {
  return text.split("\n").map(Number).filter((pid) => pid > 0);
}

function readProcesses(directory: string): string {
  try {
    return Deno.readTextFileSync(`${directory}/cgroup.procs`);
  } catch (error) {
    // EOPNOTSUPP: a threaded cgroup has threads only; their processes are listed above it.
    if (error instanceof Error && error.message.includes("os error 95)")) return "";
    throw error;
  }
}

/** The processes of a cgroup and of all below it, sorted, each once. */
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

/** Whether a process is in the cgroup or below it. The usual case costs one read. */
export function isPopulated(directory: string): boolean {
  return processesIn(directory).length > 0 || processes(directory).length > 0;
}

/**
 * Moves a process into a cgroup. v1 asks that it be the caller's own; v2 that he
 * may write to the common ancestor of both cgroups (cgroups(7)).
 */
export function move(pid: number, directory: string): void {
  Deno.writeTextFileSync(`${directory}/cgroup.procs`, String(pid), { create: false });
}

/**
 * The same, without waiting. After a quiet spell the first move of the host takes
 * an RCU grace period, 6 to 28 ms, in which a caller can do something else.
 */
export function moveMeanwhile(pid: number, directory: string): Promise<void> {
  return Deno.writeTextFile(`${directory}/cgroup.procs`, String(pid), { create: false });
}

/** Makes a cgroup. Returns whether it was not there before. */
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
 * Removes a cgroup and all below it, as far as they are empty.
 *
 * @returns whether it is gone.
 */
export function removeCgroup(directory: string): boolean {
  try {
    for (const cgroup of cgroupTree(directory).reverse()) removeEmpty(cgroup);
  } catch (error) {
    if (!isTooLong(error)) throw error;
    removeBelow(directory);
  }
  return !isThere(directory);
}

/** Whether the cgroup is there. */
export function isThere(directory: string): boolean {
  return unlessGone(() => Deno.statSync(directory), undefined) !== undefined;
}

function removeEmpty(cgroup: string): void {
  try {
    Deno.removeSync(cgroup);
  } catch {
    // A process is in it, or it is gone.
  }
}
