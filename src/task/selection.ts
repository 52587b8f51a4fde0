import { compilePattern } from "./pattern.ts";
import type { Options } from "../cli/options.ts";

/** The options that select tasks, for a command's `options`. */
export const SELECTION_OPTIONS = {
  flags: ["running", "finished", "all"],
  alias: { a: "all" },
} as const;

/** What a command's help says of them. */
export const SELECTION_HELP = `      --running   the running tasks
      --finished  those that have ended, of which there is a record
  -a, --all       both, unless one of these is asked for
`;

/** Which tasks are asked for. */
export interface Selection {
  /** Whether those that run are. */
  running: boolean;
  /** Whether those that have ended are. */
  finished: boolean;
  /** Whether one of that name is. */
  matches(name: string): boolean;
}

/**
 * Reads off the options which tasks are asked for: those of certain states, and of
 * names that match one of the operands, which are patterns.
 *
 * @param otherwise What is asked for if no state is.
 * @throws {Usage} if one is no pattern.
 */
export function select(
  options: Options,
  otherwise: Pick<Selection, "running" | "finished">,
): Selection {
  const given = (flag: string) => options.count(flag) > 0;
  const [running, finished] = [given("running"), given("finished")];
  const matches = matching(options.operands);
  // All is what each of these narrows.
  if (running || finished) return { running, finished, matches };
  return given("all") ? { running: true, finished: true, matches } : { ...otherwise, matches };
}

/**
 * Which names match one of the patterns; all, if there is none.
 *
 * @throws {Usage} if one is no pattern.
 */
export function matching(words: readonly string[]): (name: string) => boolean {
  const patterns = words.map(compilePattern);
  return (name) => patterns.length === 0 || patterns.some((matches) => matches(name));
}
