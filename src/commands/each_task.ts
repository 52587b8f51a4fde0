import { combinedStatus, LancoError } from "../cli/errors.ts";
import type { Context } from "../cli/command.ts";

/** What came of one task. */
export interface Outcome {
  /** The exit status that it alone would have. */
  exitStatus: number;
  /** Why it is not 0. */
  why: string | null;
}

/** What came of several tasks. */
export interface Outcomes {
  /** The exit status: a failure wins over an answer, an answer over 0. */
  status: number;
  /** By their names. */
  outcomes: [task: string, outcome: Outcome][];
}

/**
 * Does something to each of several tasks, at the same time. Every failure is reported. What is
 * returned is the result of a command that has nothing else to tell.
 *
 * @param silent Whether nothing is said of mere answers: the exit status has it.
 */
export async function eachTask(
  context: Context,
  tasks: readonly string[],
  act: (task: string) => Promise<void> | void,
  { silent = false } = {},
): Promise<Outcomes> {
  const outcomes = await Promise.all(tasks.map(async (task): Promise<[string, Outcome]> => {
    try {
      await act(task);
      return [task, { exitStatus: 0, why: null }];
    } catch (error) {
      if (!(error instanceof LancoError)) throw error;
      if (!silent || error.level === "ERROR") await context.report(error);
      return [task, { exitStatus: error.exitStatus, why: error.message }];
    }
  }));
  return { status: combinedStatus(outcomes.map(([, { exitStatus }]) => exitStatus)), outcomes };
}
