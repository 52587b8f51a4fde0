import { printable } from "../cli/printable.ts";
import { timestamp } from "../cli/timestamp.ts";
import type { TaskState } from "../task/state.ts";
import { type Paint, plain } from "./colour.ts";
import { shortBytes, shortDuration } from "./table.ts";
import { cut, width } from "./text.ts";

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

/**
 * Renders tasks as a table, a line each. No cell but the last, the command, contains blanks. The
 * memory of a task that has ended is the most that it has used.
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
  const line = (row: readonly string[], task?: TaskState) => {
    const padded = row.map((cell, i) => {
      const room = " ".repeat((widths[i] ?? 0) - width(cell));
      if (NUMBERS.includes(HEADS[i] ?? "")) return room + cell;
      return (task !== undefined && HEADS[i] === "STATE" ? paint(cell, task) : cell) + room;
    });
    const left = padded.slice(0, -1).join(" ");
    const taken = widths.slice(0, -1).reduce((sum, one) => sum + one + 1, 0);
    return `${left} ${cut(row.at(-1) ?? "", Math.max(0, columns - taken))}`.trimEnd() + "\n";
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
