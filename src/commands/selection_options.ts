import { flag, type OptionValues } from "../cli/options.ts";
import { matching } from "../task/pattern.ts";
import type { Selection } from "../task/survey.ts";

/** The options that select tasks by what they do. */
export const SELECTION = {
  running: flag("--running", "the running tasks"),
  finished: flag("--finished", "those that have ended, of which there is a record"),
  all: flag("-a, --all", "both, unless one of these is asked for"),
};

/**
 * Which tasks are asked for: those of certain states, and of names that match a pattern.
 *
 * @param otherwise What is asked for if no state is.
 * @throws {Usage} if one is no pattern.
 */
export function select(
  { running, finished, all, patterns }: OptionValues<typeof SELECTION> & {
    patterns: readonly string[];
  },
  otherwise: Pick<Selection, "running" | "finished">,
): Selection {
  const matches = matching(patterns);
  // All is what each of these narrows.
  if (running || finished) return { running, finished, matches };
  return all ? { running: true, finished: true, matches } : { ...otherwise, matches };
}
