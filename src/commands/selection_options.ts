import { flag, type OptionValues } from "../cli/options.ts";
import { WITH_LABEL } from "./label_options.ts";
import { matching } from "../task/pattern.ts";
import type { Selection } from "../task/survey.ts";

/** The options that select tasks by their state and labels. */
export const SELECTION = {
  running: flag("--running", "the running tasks"),
  finished: flag("--finished", "the tasks that have ended and are on record"),
  label: WITH_LABEL,
  all: flag("-a, --all", "both, unless --running or --finished is given"),
};

/**
 * Returns the selection of tasks by their state, by patterns for their names, and by the labels of their runs.
 *
 * @param otherwise The states that are selected if no option selects one.
 * @throws {Usage} if a pattern is invalid.
 */
export function select(
  { running, finished, all, label: labels, patterns }: OptionValues<typeof SELECTION> & {
    patterns: readonly string[];
  },
  otherwise: Pick<Selection, "running" | "finished">,
): Selection {
  const matches = matching(patterns);
  // --running and --finished narrow the selection, also beside --all.
  if (running || finished) return { running, finished, matches, labels };
  const states = all ? { running: true, finished: true } : otherwise;
  return { ...states, matches, labels };
}
