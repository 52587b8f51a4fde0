import { combinedStatus, LancoError } from "../cli/errors.ts";
import type { Context } from "../cli/command.ts";

/** The outcome of a command for one task. */
export interface Outcome {
  /** The exit status that the command would have for this task alone. */
  exitStatus: number;
  /** The message of the error, or null if there was none. */
  why: string | null;
}

/** The outcome of a command for several tasks. */
export interface Outcomes {
  /** The exit status of the command: see `combinedStatus()`. */
  status: number;
  /** The names of the tasks and their outcomes, in the order of the names given. */
  outcomes: [task: string, outcome: Outcome][];
}

/**
 * Applies a function to several tasks at the same time, and reports every error.
 *
 * @param silent Whether negative answers such as "is not running" are not reported, because the
 * exit status tells them.
 * @param mayHaveEnded Whether it is no error if a task does not run: its status is then 0.
 * @returns the outcomes; a command without output can return them as its result.
 */
export async function eachTask(
  context: Context,
  tasks: readonly string[],
  act: (task: string) => Promise<void> | void,
  { silent = false, mayHaveEnded = false } = {},
): Promise<Outcomes> {
  const outcomes = await Promise.all(tasks.map(async (task): Promise<[string, Outcome]> => {
    try {
      await act(task);
      return [task, { exitStatus: 0, why: null }];
    } catch (error) {
      if (!(error instanceof LancoError)) throw error;
      if (mayHaveEnded && error.exitStatus === 3) {
        return [task, { exitStatus: 0, why: error.message }];
      }
      if (!silent || error.level === "ERROR") await context.report(error);
      return [task, { exitStatus: error.exitStatus, why: error.message }];
    }
  }));
  return { status: combinedStatus(outcomes.map(([, { exitStatus }]) => exitStatus)), outcomes };
}

/** Returns what is told of each task, by the names of the tasks. */
export function told<T>(
  outcomes: Outcomes["outcomes"],
  tell: (task: string, outcome: Outcome) => T,
): Record<string, T> {
  return Object.fromEntries(outcomes.map(([task, outcome]) => [task, tell(task, outcome)]));
}

/** Says of which tasks something was done: `stopped: import, export`, or `stopped: nothing`. */
export function summaryOf<T>(
  done: string,
  tasks: Readonly<Record<string, T>>,
  isDone: (of: T) => boolean,
): string {
  const names = Object.entries(tasks).filter(([, of]) => isDone(of)).map(([task]) => task);
  return `${done}: ${names.join(", ") || "nothing"}`;
}
