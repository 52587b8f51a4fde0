import type { Process } from "../task/processes.ts";
import { formatBytes } from "./format.ts";
import { describeCommandEnd, describeEnd } from "./headline.ts";
import { type Paint, plain } from "./colour.ts";
import type { Output } from "./schema.ts";

/** The length to which command lines are shortened without `-l`, in characters. */
export const COMMAND_MAX = 50;

/**
 * Renders tasks as a tree, with their processes below them. Below a task that has ended there
 * is a line about its end, and below each task its running exit commands.
 */
export function renderTree(
  { namespace, tasks, exitCommands: exits }: Output<"ls">,
  { long, order = [], paint = plain }: {
    long: boolean;
    /** The names of the tasks in their order; the others follow, sorted. */
    order?: readonly string[] | undefined;
    paint?: Paint;
  },
): string {
  const lines = (processes: readonly Process[]) =>
    processes.map(({ pid, cmdline }) =>
      ` │  → ${String(pid).padStart(5)} ${long ? cmdline : shortened(cmdline)}`
    );
  const others = [...Object.keys(tasks), ...exits.map(({ task }) => task)].sort();
  const shown = [...new Set([...order, ...others])].flatMap((name) => {
    const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
    const own = task === undefined
      ? []
      : [...long ? sizes(task) : [], ...ofTask(task, lines(task.processes), paint)];
    const after = exits.filter(({ task }) => task === name)
      .flatMap(({ processes }) => [" │  exit command", ...lines(processes)]);
    return [` ├ ${name}`, ...own, ...after];
  });
  return [namespace, ...shown, " ╯", ""].join("\n");
}

/** Returns the line with the sizes of a task's log and of the file of its standard error. */
function sizes({ logSize, stderrSize }: Output<"ls">["tasks"][string]): string[] {
  const parts = [
    logSize === null ? [] : `log ${formatBytes(logSize)}`,
    stderrSize === null ? [] : `stderr ${formatBytes(stderrSize)}`,
  ].flat();
  return parts.length === 0 ? [] : [` │  ${parts.join(", ")}`];
}

/** Returns the lines below a task: how it or its command has ended, and its processes. */
function ofTask(
  task: Output<"ls">["tasks"][string],
  processes: readonly string[],
  paint: Paint,
): string[] {
  if ((task.code ?? task.signal ?? task.why) === null) return [...processes];
  const end = task.count === 0 ? describeEnd(task) : describeCommandEnd(task);
  return [` │  ${paint(end, task)}`, ...processes];
}

function shortened(text: string): string {
  if (text.length <= COMMAND_MAX) return text;
  // Only the beginning is split into characters, for a command line may have megabytes.
  const characters = [...text.slice(0, 2 * COMMAND_MAX + 2)];
  return characters.length <= COMMAND_MAX
    ? text
    : `${characters.slice(0, COMMAND_MAX - 1).join("")}…`;
}
