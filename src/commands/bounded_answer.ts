import { OverBudget, withinBudget } from "../cli/budget.ts";
import { type Context, reportWarnings } from "../cli/command.ts";

/** What was found out for an answer. */
export interface BoundedAnswer<T> {
  found: T;
  /** Whether something was left out because there was too much to read. */
  truncated: boolean;
  /** The exit status of the command: 1 if something was left out. */
  status: number;
}

/**
 * Calls a function, which must not wait, within the budget of one answer, and reports its warnings
 * and whether it has left something out.
 */
export async function boundedAnswer<T>(
  context: Context,
  look: (warn: (message: string) => void) => T,
): Promise<BoundedAnswer<T>> {
  const { result, truncated } = await reportWarnings(
    context,
    (warn) => withinBudget(() => look(warn)),
  );
  if (truncated) await context.report(new OverBudget());
  return { found: result, truncated, status: truncated ? 1 : 0 };
}
