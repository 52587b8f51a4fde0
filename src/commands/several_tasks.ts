import type { Context } from "../cli/command.ts";
import { NotPermitted, Usage } from "../cli/errors.ts";
import { flag, type OptionValues } from "../cli/options.ts";
import type { SeveralTasks } from "../cli/request.ts";
import { effectiveUser } from "../namespace/caller.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { matching } from "../task/pattern.ts";
import { selectedTasks } from "../task/survey.ts";
import { WITH_LABEL } from "./label_options.ts";

/** The options by which a command is about several running tasks. */
export const SEVERAL = {
  label: WITH_LABEL,
  all: flag("--all", "all tasks that run"),
};

/** How a request selects tasks. */
export type Selecting = Pick<SeveralTasks, "patterns"> & OptionValues<typeof SEVERAL>;

/** Returns whether a request is about all tasks that run and are selected, not about tasks by their names. */
export function isSelecting({ patterns, label, all }: Selecting): boolean {
  return patterns.length > 0 || label.length > 0 || all;
}

/**
 * Returns the tasks of a request: those with the given names; or the tasks that run now and are
 * selected by patterns and labels, in the order of their names. Says if none is selected.
 *
 * @returns their names, each once, and whether they were selected because they ran: then it is no
 * error if one has ended since.
 * @throws {Usage} if the request names none and selects none.
 * @throws {RecordsClosed} if it selects by labels and the caller may not read the records.
 */
export async function chosenTasks(
  context: Context,
  request: SeveralTasks & Selecting,
): Promise<{ tasks: readonly string[]; areSelected: boolean }> {
  const { tasks, patterns, label: labels } = request;
  if (!checkSelection(request)) return { tasks, areSelected: false };
  const namespace = readNamespace(context.namespace);
  if (labels.length > 0 && effectiveUser() === 0 && namespace.uid !== 0) {
    throw new NotPermitted(
      `root reads no labels of others: give names or patterns, or do it as ${namespace.owner}`,
    );
  }
  const { running } = selectedTasks(namespace, {
    running: true,
    finished: false,
    matches: matching(patterns),
    labels,
  });
  for (const message of unmatched(running, request)) (await context.logger()).warn(message);
  return { tasks: running.toSorted(), areSelected: true };
}

/**
 * Returns whether a request selects tasks, or else names them.
 *
 * @throws {Usage} if it does neither, or both.
 */
export function checkSelection(request: SeveralTasks & Selecting): boolean {
  const { tasks, patterns, label, all } = request;
  if (!isSelecting(request)) {
    if (tasks.length > 0) return false;
    throw new Usage("which task? Give its name, a pattern, --label or --all");
  }
  if (tasks.length > 0) {
    throw new Usage(
      `"${tasks[0]}" is a name: give either names, or patterns, --label or --all`,
    );
  }
  if (all && patterns.length + label.length > 0) {
    throw new Usage("--all leaves nothing to patterns or --label: give one of them");
  }
  return true;
}

/** Says which patterns have selected nothing. */
function unmatched(running: readonly string[], { patterns, label }: Selecting): string[] {
  const labelled = label.length > 0 ? " and has these labels" : "";
  const lonely = patterns.filter((pattern) => !running.some(matching([pattern])));
  if (lonely.length > 0) {
    return lonely.map((pattern) => `no task runs whose name matches "${pattern}"${labelled}`);
  }
  if (running.length > 0) return [];
  return [label.length > 0 ? "no task runs that has these labels" : "no task runs"];
}
