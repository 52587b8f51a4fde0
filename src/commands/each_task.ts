import { combinedStatus, LancoError } from "../errors.ts";
import { type Context, report } from "../context.ts";
import { taskName } from "../names.ts";

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
  { silent = false } = {},
): Promise<number> {
  const tasks = [...new Set(names.map(taskName))];
  const statuses = await Promise.all(tasks.map(async (task) => {
    try {
      await act(task);
      return 0;
    } catch (error) {
      if (!(error instanceof LancoError)) throw error;
      if (!silent || error.level === "ERROR") await report(context, error);
      return error.exitStatus;
    }
  }));
  return combinedStatus(statuses);
}
