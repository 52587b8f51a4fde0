import type { RunRecord } from "../task/record.ts";
import type { LaunchOptions } from "./launch_options.ts";

/** What a launch has found out of a run, of its record. */
type Facts = Pick<
  RunRecord,
  "run" | "task" | "inode" | "pid" | "shim" | "directory" | "log" | "stderr" | "sinceBoot"
>;

/** Returns the record of a run that begins now. */
export function recordOf(
  { command, limits, labels, stop, once, timeout, bound }: LaunchOptions,
  facts: Facts,
): RunRecord {
  return {
    version: 2,
    ...facts,
    command: [...command],
    started: Date.now(),
    limits,
    labels,
    ...(stop === undefined ? {} : { stop }),
    ...(once ? { once } : {}),
    ...(timeout === undefined ? {} : { timeout }),
    ...(bound === undefined ? {} : { logMax: bound.most }),
  };
}
