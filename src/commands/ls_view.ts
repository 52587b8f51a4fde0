import { period } from "../cli/durations.ts";
import { Usage } from "../cli/errors.ts";
import { flag, type OptionValues, value } from "../cli/options.ts";
import type { Namespace } from "../namespace/description.ts";
import { latestEnd } from "../task/latest_end.ts";
import { hasFailed, isSince, SORT_KEYS, type SortKey } from "../task/order.ts";
import type { TaskState } from "../task/state.ts";

/** The options of `ls` about which tasks are shown, and how. */
export const VIEW = {
  failed: flag("--failed", "those that ended otherwise than with 0 or a stop"),
  since: period(
    "--since DURATION",
    "those that run, or have ended within 15m, 2h, 1d",
  ),
  sort: value(
    "--sort KEY",
    "by name, start, end, memory or cpu, the most first",
    ["name, start, end, memory or cpu", "text"],
    sortKey,
  ),
  table: flag("--table", "a line for each task"),
};

/** The values of these options. */
export type ViewOptions = OptionValues<typeof VIEW>;

function sortKey(text: string, subject: string): SortKey {
  const key = SORT_KEYS.find((key) => key === text);
  if (key !== undefined) return key;
  throw new Usage(`${subject} must be ${SORT_KEYS.join(", ")}, not "${text.slice(0, 50)}"`);
}

/** Returns whether the states of all tasks have to be found out, which takes longer than to list them. */
export function needsStates({ failed, since, sort = "name", table }: ViewOptions): boolean {
  return failed || since !== undefined || sort !== "name" || table;
}

/** Returns whether a task is shown. */
export function isShown(
  namespace: Namespace,
  state: TaskState,
  { failed, since }: ViewOptions,
): boolean {
  const { task, run } = state;
  const latest = () => latestEnd(namespace, task, run ?? "");
  return (!failed || hasFailed(state)) &&
    (since === undefined || isSince(state, Date.now() - since, latest));
}

/** Returns which tasks are selected if no other option says so. */
export function otherwise({ failed, since, runs }: ViewOptions & { runs: boolean }) {
  return { running: !failed, finished: failed || since !== undefined || runs };
}
