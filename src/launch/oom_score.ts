import { Usage } from "../cli/errors.ts";
import { readVisible } from "../task/process.ts";
import { PROC } from "../namespace/paths.ts";

/**
 * Parses the value of `--oom-score-adj` (proc_pid_oom_score_adj(5)).
 *
 * @param subject The name of the option in a message.
 * @throws {Usage} if the text is no number from -1000 to 1000.
 */
export function parseOomScore(text: string, subject: string): number {
  if (!/^[+-]?\d{1,4}$/.test(text) || Math.abs(Number(text)) > 1000) {
    throw new Usage(`${subject} needs a number from -1000 to 1000, not "${text}"`);
  }
  return Number(text);
}

/**
 * Returns the oom_score_adj for a task; undefined if the task keeps its caller's. If that is below
 * 0 the task gets 0, for a task that the kernel does not kill is not held to a limit on memory.
 *
 * @param given The value that the caller has asked for, if any.
 */
export function oomScore(given: number | undefined, proc = PROC): number | undefined {
  if (given !== undefined) return given;
  return Number(readVisible(`${proc}/self/oom_score_adj`)) < 0 ? 0 : undefined;
}
