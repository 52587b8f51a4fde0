import { printable } from "../cli/printable.ts";
import { timestamp } from "../cli/timestamp.ts";
import type { TaskState } from "../task/state.ts";
import { type Paint, plain } from "./colour.ts";
import { shortBytes, shortDuration } from "./table.ts";
import { cut, fit, width } from "./text.ts";

/** The heads of the columns, and which of them are numbers. */
const HEADS = [
  "TASK",
  "STATE",
  "STATUS",
  "STARTED",
  "DURATION",
  "PROCS",
  "CPU",
  "MEMORY",
  "COMMAND",
];
const NUMBERS = ["DURATION", "PROCS", "CPU", "MEMORY"];

/** The columns that are left out where there is no room for all, in this order. */
const EXPENDABLE = ["STARTED", "PROCS", "CPU", "MEMORY", "DURATION", "STATUS"];

/** How many columns of the terminal the command is to have at least. */
const ROOM = 12;

/**
 * Renders tasks as a table, a line each. No cell but the last, the command, contains blanks. The
 * memory of a task that has ended is the most that it has used. Where a line has no room, columns
 * are left out, then names are shortened, and the command is cut.
 *
 * @param columns How wide a line may be.
 */
export function renderTaskTable(
  tasks: readonly TaskState[],
  { columns = Infinity, paint = plain }: { columns?: number; paint?: Paint } = {},
): string {
  const cells = tasks.map(cellsOf);
  const widths = HEADS.map((head, i) =>
    Math.max(head.length, ...cells.map((line) => width(line[i] ?? "")))
  );
  const left = HEADS.map((_, i) => i).slice(0, -1);
  const taken = () => left.reduce((sum, i) => sum + (widths[i] ?? 0) + 1, 0);
  for (const head of EXPENDABLE) {
    if (taken() + ROOM > columns) left.splice(left.indexOf(HEADS.indexOf(head)), 1);
  }
  const [longest = 0] = widths;
  widths[0] = Math.min(longest, Math.max(ROOM, longest - (taken() + ROOM - columns)));
  const line = (row: readonly string[], task?: TaskState) => {
    const padded = left.map((i) => {
      const [cell, head] = [row[i] ?? "", HEADS[i] ?? ""];
      const fitted = fit(cell, widths[i] ?? 0, { right: NUMBERS.includes(head), middle: true });
      return task !== undefined && head === "STATE"
        ? fitted.replace(cell, paint(cell, task))
        : fitted;
    }).join(" ");
    return `${padded} ${cut(row.at(-1) ?? "", columns - taken())}`.trimEnd() + "\n";
  };
  return [line(HEADS), ...cells.map((row, i) => line(row, tasks[i]))].join("");
}

function cellsOf(task: TaskState): string[] {
  const { usage } = task;
  const maybe = <T>(value: T | null | undefined, show: (value: T) => string) =>
    value == null ? "-" : show(value);
  return [
    task.task,
    task.state.replaceAll(" ", "-"),
    String(task.code ?? task.signal ?? "-"),
    maybe(task.started, (at) => timestamp(new Date(at))),
    maybe(task.duration, shortDuration),
    task.processes === 0 ? "-" : String(task.processes),
    maybe(usage?.cpu.total, (time) => shortDuration(time / 1e6)),
    maybe(usage?.memory.now ?? usage?.memory.peak, shortBytes),
    maybe(task.command, (words) => printable(words.join(" ")).slice(0, 1000)),
  ];
}
