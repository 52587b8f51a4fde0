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
  /** What it has written to standard error; empty if that was not asked for. */
  stderr: string;
}

/**
 * Runs a program as `programOutput` does, without blocking this one meanwhile.
 *
 * @param options.errors Whether its messages are kept; else they are dropped, however many they are.
 * @param options.signal Kills it.
 */
export async function runProgram(
  program: string,
  args: string[],
  { errors = false, signal }: { errors?: boolean; signal?: AbortSignal } = {},
): Promise<Ended> {
  const ended = await new Deno.Command(program, {
    args,
    cwd: "/",
    clearEnv: true,
    stdin: "null",
    stderr: errors ? "piped" : "null",
    ...(signal && { signal }),
  }).output();
  const text = new TextDecoder();
  return {
    success: ended.success,
    code: ended.code,
    stdout: text.decode(ended.stdout),
    stderr: errors ? text.decode(ended.stderr) : "",
  };
}
