/**
 * Returns the path of this executable. When an upgrade has put another file in its place, it is the
 * path of that: the kernel then adds a word to the name of the file that is being executed
 * (proc_pid_exe(5)).
 */
export function executable(): string {
  return Deno.execPath().replace(/ \(deleted\)$/, "");
}
