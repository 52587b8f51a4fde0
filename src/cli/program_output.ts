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

/** What a program has done. */
export interface Ended {
  /** Whether its exit status is 0. */
  success: boolean;
  /** Its exit status. */
  code: number;
  /** What it has written to standard output. */
  stdout: string;
  /** What it has written to standard error. */
  stderr: string;
}

/**
 * Runs a program as `programOutput` does, without blocking this one meanwhile.
 *
 * @param signal Kills it.
 */
export async function runProgram(
  program: string,
  args: string[],
  signal?: AbortSignal,
): Promise<Ended> {
  const how = { args, cwd: "/", clearEnv: true, stdin: "null", ...(signal && { signal }) } as const;
  const { success, code, stdout, stderr } = await new Deno.Command(program, how).output();
  const text = new TextDecoder();
  return { success, code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
