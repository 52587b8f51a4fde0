// Cgroups that an owner has nested so deeply that their paths exceed PATH_MAX, which v1
// allows. find(1) descends into them one directory at a time.
import { programOutput } from "../cli/program_output.ts";

/** Returns whether an error means that a path exceeds PATH_MAX (ENAMETOOLONG). */
export function isTooLong(error: unknown): boolean {
  return error instanceof Error && error.message.includes("os error 36)");
}

/** Returns the concatenated content of a file of a cgroup and of all cgroups below it. */
export function readBelow(directory: string, file: string): string {
  return find(directory, "-name", file, "-execdir", "/bin/cat", "{}", "+");
}

/** Writes a value into a file of a cgroup and of all cgroups below it. */
export function writeBelow(directory: string, file: string, value: string): void {
  const script = 'printf %s "$0" >"$1"';
  find(directory, "-name", file, "-execdir", "/bin/sh", "-c", script, value, "{}", ";");
}

/** Removes a cgroup and all below it, except those that are populated. */
export function removeBelow(directory: string): void {
  find(directory, "-depth", "-type", "d", "-delete");
}

function find(...args: string[]): string {
  return programOutput("/usr/bin/find", ...args);
}
