import { period } from "../cli/durations.ts";
import { Usage } from "../cli/errors.ts";
import type { OptionValues } from "../cli/options.ts";
import type { StopManner } from "../task/stop_manner.ts";
import { DEFAULT_KILL_TIME, KILL_TIMES, TIME_LIMITS, type TimeLimit } from "../task/time_limit.ts";

/** The options that limit how long a task may run. */
export const TIME_LIMIT = {
  timeout: period(
    "--timeout DURATION",
    "end the task with all its processes after this",
    TIME_LIMITS,
  ),
  killAfter: period(
    "--kill-after DURATION",
    "with --timeout, kill it so long after the signal (--stop-timeout, or 10s)",
    KILL_TIMES,
  ),
};

/**
 * Returns the time limit that the options set; undefined if they set none.
 *
 * @throws {Usage} if they say when to kill, but not when to end.
 */
export function timeLimitOf(
  { timeout, killAfter }: OptionValues<typeof TIME_LIMIT>,
  stop: StopManner = {},
): TimeLimit | undefined {
  if (timeout !== undefined) {
    return { after: timeout, killAfter: killAfter ?? stop.timeout ?? DEFAULT_KILL_TIME };
  }
  if (killAfter !== undefined) throw new Usage("option --kill-after needs --timeout beside it");
  return undefined;
}
