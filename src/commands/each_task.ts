import { unlessGone } from "../cgroup/cgroup.ts";
import { combinedStatus, LancoError, NotRunning } from "../cli/errors.ts";
import { type Context, report } from "../cli/context.ts";
import { taskName } from "../cli/names.ts";
import { knownTasks } from "../task/task.ts";

/** What came of one task. */
export interface Outcome {
  /** The exit status that it alone would have. */
  exitStatus: number;
  /** Why it is not 0. */
  why: string | null;
}

/** How to tell of failures. */
export interface EachOptions {
  /** Nothing is said of mere answers: the exit status has it. */
  silent?: boolean;
  /** Told at the end what came of each task, by its name. */
  tell?: (outcomes: Record<string, Outcome>) => void;
}

/**
 * Does something to each of several tasks, at the same time. Every failure is
 * reported, unless the command is to be silent about mere answers.
 *
 * @returns the exit status: a failure wins over an answer, an answer over 0.
 * @throws {Usage} if one of the names is not valid; then nothing is done to any.
 */
export async function eachTask(
  context: Context,
  names: readonly string[],
  act: (task: string) => Promise<void> | void,
  { silent = false, tell }: EachOptions = {},
): Promise<number> {
  const tasks = [...new Set(names.map(taskName))];
  const outcomes = await Promise.all(tasks.map(async (task): Promise<[string, Outcome]> => {
    try {
      await act(task);
      return [task, { exitStatus: 0, why: null }];
    } catch (error) {
      if (!(error instanceof LancoError)) throw error;
      if (!silent || error.level === "ERROR") {
        await report(context, await explained(context, task, error));
      }
      return [task, { exitStatus: error.exitStatus, why: error.message }];
    }
  }));
  tell?.(Object.fromEntries(outcomes));
  return combinedStatus(outcomes.map(([, { exitStatus }]) => exitStatus));
}

/** The error; if there never was such a task, with the name that may have been meant. */
export async function explained(
  context: Context,
  task: string,
  error: LancoError,
): Promise<LancoError> {
  // Programs do not mistype, and to compare thousands of names takes milliseconds.
  if (!(error instanceof NotRunning) || context.batch !== undefined) return error;
  const names = unlessGone(() => knownTasks(context.namespace), []);
  if (names.includes(task)) return error;
  const { suggestion } = await import("../cli/nearest.ts");
  return new LancoError(error.message + suggestion(task, names), error.exitStatus, error.level);
}
