import { Usage } from "../cli/errors.ts";
import { value } from "../cli/options.ts";
import type { RunChoice } from "../task/choose_run.ts";
import { isRunId } from "../task/run_id.ts";

/** The option by which a command is about a certain run of a task. */
export const RUN = value(
  "--run RUN",
  "a certain run: its id, or -1 for the one before the last",
  ["the id of a run or a number from 0 down", "text", "number"],
  parseRunChoice,
  { value: "run" },
);

/**
 * Parses the run that an option was given.
 *
 * @param subject How a message names the option.
 * @throws {Usage} if the text can be neither the id of a run nor a number of runs before the last.
 */
export function parseRunChoice(text: string, subject: string): RunChoice {
  if (/^(0|-\d{1,9})$/.test(text)) return Number(text);
  // The runs that version 1.1.0 has started have numbers.
  if (isRunId(text) || /^[1-9]\d{0,19}$/.test(text)) return text;
  throw new Usage(
    `${subject} needs the id of a run, or a number such as -1 for the run before the last one, not "${
      text.slice(0, 50)
    }"`,
  );
}
