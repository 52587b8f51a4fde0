/**
 * Runs a program to its end, in the root directory and with an empty environment, and returns its
 * standard output as text, whatever its exit status.
 */
export function programOutput(program: string, ...args: string[]): string {
  const { stdout } = new Deno.Command(program, {
    args,
    cwd: "/",
    clearEnv: true,
    stdin: "null",
    stderr: "null",
  }).outputSync();
  return new TextDecoder().decode(stdout);
}
