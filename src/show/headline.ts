import { formatDuration } from "./format.ts";
import { timestamp } from "../cli/timestamp.ts";
import type { TaskState } from "../task/state.ts";

/** The fields of a task's state from which a headline is made. */
export type Ending = Pick<TaskState, "state" | "why" | "code" | "signal">;

/** Returns the state of a task in a few words: `exited with status 1`. */
export function headline({ state, why, code, signal }: Ending): string {
  switch (state) {
    case "exited":
      return code === 0 ? "exited" : `exited with status ${code}`;
    case "killed":
    case "out of memory":
      return `${state}, by ${signal}`;
    case "timed out":
      if (signal !== null) return `timed out, killed by ${signal}`;
      return code === null ? "timed out" : `timed out, exited with status ${code}`;
    case "lost":
      return `lost: ${why}`;
    case "unknown":
      return `unknown how it ended: ${why}`;
    default:
      return [state, describeCommandEnd({ code, signal })].filter((part) => part !== "").join(", ");
  }
}

/** Returns how the command of a running task has ended, if it has: `its command exited with status 1`. */
export function describeCommandEnd({ code, signal }: Pick<Ending, "code" | "signal">): string {
  if (code !== null) return `its command exited with status ${code}`;
  return signal === null ? "" : `its command was killed by ${signal}`;
}

/** Returns how, when and after what time a task ended: `exited, 2026-11-23T20:46:41, after 1.1 s`. */
export function describeEnd(task: Ending & Pick<TaskState, "ended" | "duration">): string {
  const { ended, duration } = task;
  return [
    headline(task),
    ended === null ? "" : timestamp(new Date(ended)),
    duration === null ? "" : `after ${formatDuration(duration)}`,
  ].filter((part) => part !== "").join(", ");
}
