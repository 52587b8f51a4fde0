import { printable } from "../cli/printable.ts";
import { timestamp } from "../cli/timestamp.ts";
import type { TaskState } from "../task/state.ts";
import { type Paint, plain } from "./colour.ts";
import { maybe, type PlainColumn, shortBytes, shortDuration } from "./table.ts";
import { cut, fit, width } from "./text.ts";

const COLUMNS: readonly PlainColumn<TaskState>[] = [
  { head: "TASK", cell: ({ task }) => task },
  { head: "STATE", cell: ({ state }) => state.replaceAll(" ", "-") },
  { head: "STATUS", cell: ({ code, signal }) => String(code ?? signal ?? "-") },
  { head: "STARTED", cell: ({ started }) => maybe(started, (at) => timestamp(new Date(at))) },
  { head: "DURATION", right: true, cell: ({ duration }) => maybe(duration, shortDuration) },
  { head: "PROCS", right: true, cell: ({ processes }) => maybe(processes || null, String) },
  {
    head: "CPU",
    right: true,
    cell: ({ usage }) => maybe(usage?.cpu.total, (time) => shortDuration(time / 1e6)),
  },
  {
    head: "MEMORY",
    right: true,
    cell: ({ usage }) => maybe(usage?.memory.now ?? usage?.memory.peak, shortBytes),
  },
  {
    head: "COMMAND",
    cell: ({ command }) => maybe(command, (words) => printable(words.join(" ")).slice(0, 1000)),
  },
];

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
  const cells = tasks.map((task) => COLUMNS.map(({ cell }) => cell(task)));
  const widths = COLUMNS.map(({ head }, i) =>
    Math.max(head.length, ...cells.map((line) => width(line[i] ?? "")))
  );
  const left = COLUMNS.map((_, i) => i).slice(0, -1);
  const taken = () => left.reduce((sum, i) => sum + (widths[i] ?? 0) + 1, 0);
  for (const head of EXPENDABLE) {
    if (taken() + ROOM > columns) left.splice(left.findIndex((i) => COLUMNS[i]?.head === head), 1);
  }
  const [longest = 0] = widths;
  widths[0] = Math.min(longest, Math.max(ROOM, longest - (taken() + ROOM - columns)));
  const line = (row: readonly string[], task?: TaskState) => {
    const padded = left.map((i) => {
      const cell = row[i] ?? "";
      const fitted = fit(cell, widths[i] ?? 0, { ...COLUMNS[i], middle: true });
      return task !== undefined && COLUMNS[i]?.head === "STATE"
        ? fitted.replace(cell, paint(cell, task))
        : fitted;
    }).join(" ");
    return `${padded} ${cut(row.at(-1) ?? "", columns - taken())}`.trimEnd() + "\n";
  };
  return [line(COLUMNS.map(({ head }) => head)), ...cells.map((row, i) => line(row, tasks[i]))]
    .join("");
}
