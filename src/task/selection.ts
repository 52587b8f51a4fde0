import { Usage } from "../cli/errors.ts";
import type { Options } from "../cli/options.ts";

/** The options that select tasks, for a command's `options`. */
export const SELECTION_OPTIONS = {
  flags: ["running", "finished", "all"],
  alias: { a: "all" },
} as const;

/** What a command's help says of them. */
export const SELECTION_HELP = `      --running   the running tasks
      --finished  those that have ended, of which there is a record
  -a, --all       both
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
 * names that match one of the operands, which are patterns as in glob(7).
 *
 * @param otherwise What is asked for if no state is.
 * @throws {Usage} if one is no pattern.
 */
export async function select(
  options: Options,
  otherwise: Pick<Selection, "running" | "finished">,
): Promise<Selection> {
  const given = (flag: string) => options.count(flag) > 0;
  const named = given("running") || given("finished") || given("all");
  const matches = await matching(options.operands);
  return {
    running: named ? given("running") || given("all") : otherwise.running,
    finished: named ? given("finished") || given("all") : otherwise.finished,
    matches,
  };
}

/**
 * Which names match one of the patterns; all, if there is none.
 *
 * @throws {Usage} if one is no pattern.
 */
export async function matching(words: readonly string[]): Promise<(name: string) => boolean> {
  const patterns = await Promise.all(words.map(matcher));
  return (name) => patterns.length === 0 || patterns.some((matches) => matches(name));
}

async function matcher(pattern: string): Promise<(name: string) => boolean> {
  if (!/[*?[\]{}()\\|]/.test(pattern)) return (name) => name === pattern;
  const { globToRegExp } = await import("@std/path/posix/glob-to-regexp");
  try {
    const expression = globToRegExp(pattern);
    return (name) => expression.test(name);
  } catch {
    throw new Usage(`"${pattern}" is no pattern: a range such as [a-z] must not go backwards`);
  }
}
