import { Usage } from "../cli/errors.ts";
import { readVisible } from "../task/process.ts";
import { PROC } from "../namespace/paths.ts";

/**
 * Reads what `--oom-score-adj` says (proc_pid_oom_score_adj(5)).
 *
 * @param subject How to call it, in a message.
 * @throws {Usage} if it is no number from -1000 to 1000.
 */
export function parseOomScore(text: string, subject: string): number {
  if (!/^[+-]?\d{1,4}$/.test(text) || Math.abs(Number(text)) > 1000) {
    throw new Usage(`${subject} needs a number from -1000 to 1000, not "${text}"`);
  }
  return Number(text);
}

/**
 * What a task's oom_score_adj is to be set to; nothing if it is to be its caller's. One
 * below 0 is not handed on: it would keep the kernel from enforcing a limit on memory.
 *
 * @param given What the caller has asked for, if anything.
 */
export function oomScore(given: number | undefined, proc = PROC): number | undefined {
  if (given !== undefined) return given;
  return Number(readVisible(`${proc}/self/oom_score_adj`)) < 0 ? 0 : undefined;
}
