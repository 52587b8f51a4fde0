import type { Context } from "../cli/command.ts";

/** The most names of tasks that a line has. */
const MOST = 3;

/**
 * Calls `act`, and shows on the terminal what is waited for if that takes longer than a second;
 * nothing in a batch, and where standard error is no terminal.
 *
 * @param describe Returns the text; it is given the time since the beginning, in milliseconds.
 */
export async function withProgress<T>(
  { batch }: Pick<Context, "batch">,
  describe: (elapsed: number) => string,
  act: () => Promise<T>,
): Promise<T> {
  if (batch !== undefined || !Deno.stderr.isTerminal()) return await act();
  const progress = (await import("./terminal_progress.ts")).showProgress(describe);
  try {
    return await act();
  } finally {
    progress.end();
  }
}

/** Returns the names of the first tasks of a list, and how many more there are. */
export function someOf(tasks: readonly string[]): string {
  const more = tasks.length - MOST;
  return tasks.slice(0, MOST).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Returns a time in whole seconds, as it passes or is left: `12 s`. */
export function inSeconds(milliseconds: number): string {
  return `${Math.max(0, Math.round(milliseconds / 1000))} s`;
}
