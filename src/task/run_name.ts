import { isName, TASK_MAX } from "../cli/names.ts";
import { isRunId, RUN_ID } from "./run_id.ts";

/** Returns the run and the task of a file name `<run>-<task>`; undefined if the name is another. */
export function parseRunName(name: string): { run: string; task: string } | undefined {
  const [run, task] = [name.slice(0, RUN_ID), name.slice(RUN_ID + 1)];
  if (name[RUN_ID] !== "-" || !isRunId(run) || !isName(task, TASK_MAX)) return undefined;
  return { run, task };
}
