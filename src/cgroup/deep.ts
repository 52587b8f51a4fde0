/**
 * What is done with cgroups whose paths are longer than the kernel takes (PATH_MAX): v1
 * lets their owner make such. find(1) goes from directory to directory.
 */

/** Whether the error says that a path is too long. */
export function isTooLong(error: unknown): boolean {
  return error instanceof Error && error.message.includes("os error 36)");
}

/** The texts of all files of a name in a cgroup and below it, one after the other. */
export function readBelow(directory: string, file: string): string {
  return find(directory, "-name", file, "-execdir", "/bin/cat", "{}", "+");
}

/** Writes into all files of a name in a cgroup and below it. */
export function writeBelow(directory: string, file: string, value: string): void {
  const script = 'printf %s "$0" >"$1"';
  find(directory, "-name", file, "-execdir", "/bin/sh", "-c", script, value, "{}", ";");
}

/** Removes a cgroup and all below it, as far as they are empty. */
export function removeBelow(directory: string): void {
  find(directory, "-depth", "-type", "d", "-delete");
}

function find(...args: string[]): string {
  const { stdout } = new Deno.Command("/usr/bin/find", {
    args,
    cwd: "/",
    clearEnv: true,
    stdin: "null",
    stderr: "null",
  }).outputSync();
  return new TextDecoder().decode(stdout);
}
