import { OverBudget, withinBudget } from "../cli/budget.ts";
import { type Context, reportWarnings } from "../cli/command.ts";

/**
 * Calls a function, which must not wait, within the budget of one answer, and reports its warnings
 * and whether it has left something out.
 *
 * @returns what it has found, whether something was left out because there was too much to read, and
 * the exit status of the command: 1 then.
 */
export async function boundedAnswer<T>(
  context: Context,
  look: (warn: (message: string) => void) => T,
): Promise<{ found: T; truncated: boolean; status: number }> {
  const { result: found, truncated } = await reportWarnings(
    context,
    (warn) => withinBudget(() => look(warn)),
  );
  if (truncated) await context.report(new OverBudget());
  return { found, truncated, status: truncated ? 1 : 0 };
}
