import { clean, fit, width } from "./text.ts";

/** A running task at one moment. */
export interface Task {
  /** What tells it from the others: its name, and what cannot be a name for an exit command. */
  id: string;
  /** Its name. */
  name: string;
  /** What tells this run of it from any other: the inode of its registered cgroup. */
  run: number;
  /** Whether it is held; or that it has ended, and this is its exit command. */
  state: "running" | "paused" | "exit-cmd";
  /** How many processes it has. */
  processes: number;
  /** Its part of one processor since the sample before, in percent; null if there is none. */
  cpu: number | null;
  /** The processor time that it has used, in nanoseconds. */
  cpuTime: number | null;
  /** The memory that it uses, in bytes. */
  memory: number | null;
  /** The memory that it may use, in bytes; null without a limit. */
  memoryLimit: number | null;
  /** The processors that it may use; null without a limit. */
  cpuLimit: number | null;
  /** How long it has run, in milliseconds; null if there is no record of it for the reader. */
  age: number | null;
  /** The command and its arguments, as it was given: not fit for a terminal. */
  command: string;
  /** Where its output goes; null if to its caller's terminal, or unknown. */
  log: string | null;
}

/** What the tasks can be sorted by. */
export type SortKey = "name" | "cpu" | "memory" | "age";

/** How a screen may look. */
export interface Style {
  /** Whether in colours and with emphasis. */
  colour: boolean;
  /** Whether the terminal knows more than ASCII. */
  unicode: boolean;
}

/** Bytes in six columns at most: `512K`, `1.5G`. */
export function shortBytes(bytes: number): string {
  const units = ["B", "K", "M", "G", "T", "P"];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)}${units[unit]}`;
}

/** A duration in milliseconds in six columns at most: `4.2s`, `3m05s`, `1h12m`, `2d04h`, `120d`. */
export function shortDuration(milliseconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes}m${two(Math.round(seconds) % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h${two(minutes % 60)}m`;
  const days = Math.floor(hours / 24);
  return days < 100 ? `${days}d${two(hours % 24)}h` : `${days}d`;
}

/** A share of one processor in percent: `52.3`, `1600`. */
export function percent(value: number): string {
  return value < 999.95 ? value.toFixed(1) : String(Math.round(value));
}

/** A bar in so many columns, filled by a part from 0 to 1. */
export function gauge(part: number, columns: number, { unicode }: Style): string {
  const full = Math.max(0, Math.min(1, part)) * columns;
  if (!unicode) return "#".repeat(Math.round(full)).padEnd(columns);
  const eighths = Math.round(full * 8);
  const last = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "";
  return ("█".repeat(Math.floor(eighths / 8)) + last).padEnd(columns);
}

/** What a table is made for. */
export interface View {
  /** The processors of the host. */
  cpus: number;
  /** Those that are being stopped, by `id`. */
  stopping: ReadonlySet<string>;
  style: Style;
}

interface Column {
  head: string;
  sort?: SortKey;
  right?: boolean;
  /** Its place among those that stay when there is no room: 0 for the last to go. */
  rank: number;
  /** How wide it is, if not as wide as what is in it. */
  columns?: number;
  cell(task: Task, view: View): string;
}

const maybe = <T>(value: T | null, show: (value: T) => string) =>
  value === null ? "-" : show(value);

const NAME: Column = { head: "NAME", sort: "name", rank: 0, cell: ({ name }) => name };

const STATE: Column = {
  head: "STATE",
  rank: 2,
  columns: 8,
  cell: ({ id, state }, { stopping }) => stopping.has(id) ? "stopping" : state,
};

const PROCESSES: Column = {
  head: "PROCS",
  right: true,
  rank: 5,
  columns: 5,
  cell: ({ processes }) => String(processes),
};

const CPU: Column = {
  head: "CPU%",
  sort: "cpu",
  right: true,
  rank: 1,
  columns: 6,
  cell: ({ cpu }) => maybe(cpu, percent),
};

/** Full when all is used that the task may have. */
const GAUGE: Column = {
  head: "",
  rank: 6,
  columns: 5,
  cell: ({ cpu, cpuLimit }, { cpus, style }) =>
    gauge((cpu ?? 0) / 100 / (cpuLimit ?? cpus), 5, style),
};

const MEMORY: Column = {
  head: "MEMORY",
  sort: "memory",
  right: true,
  rank: 3,
  cell: ({ memory, memoryLimit }) =>
    maybe(memory, shortBytes) + (memoryLimit === null ? "" : `/${shortBytes(memoryLimit)}`),
};

const TIME: Column = {
  head: "TIME",
  right: true,
  rank: 7,
  columns: 6,
  cell: ({ cpuTime }) => maybe(cpuTime, (time) => shortDuration(time / 1e6)),
};

const AGE: Column = {
  head: "AGE",
  sort: "age",
  right: true,
  rank: 4,
  columns: 6,
  cell: ({ age }) => maybe(age, shortDuration),
};

const COMMAND: Column = {
  head: "COMMAND",
  rank: 8,
  // Who may not read the record does not know it.
  cell: ({ command }, { style }) => command === "" ? "-" : clean(command, style.unicode),
};

const ALL = [NAME, STATE, PROCESSES, CPU, GAUGE, MEMORY, TIME, AGE, COMMAND];

/** The fewest columns that are worth a command. */
const COMMAND_LEAST = 8;

/** How wide a name may become in so many columns. */
const nameMost = (columns: number) => Math.max(12, Math.min(40, Math.floor(columns / 5)));

/** The columns that have room, and how wide each is. */
function layout(tasks: readonly Task[], view: View, columns: number): [Column, number][] {
  const widest = (column: Column) =>
    tasks.reduce((most, task) => Math.max(most, column.cell(task, view).length), 0);
  const widths = new Map(ALL.map((column) => {
    const least = column.head.length + (column.sort === undefined ? 0 : 1);
    if (column === COMMAND) return [column, COMMAND_LEAST];
    const wide = column.columns ?? Math.max(least, widest(column));
    return [column, column === NAME ? Math.min(wide, nameMost(columns)) : wide];
  }));
  const needs = (shown: readonly Column[]) =>
    shown.reduce((sum, column) => sum + (widths.get(column) ?? 0) + 1, -1);
  const shown = [...ALL];
  while (shown.length > 1 && needs(shown) > columns) {
    const last = shown.reduce((one, other) => other.rank > one.rank ? other : one);
    shown.splice(shown.indexOf(last), 1);
  }
  const room = columns - needs(shown);
  const rest = shown.includes(COMMAND) ? COMMAND : NAME;
  if (rest === COMMAND || room < 0) widths.set(rest, (widths.get(rest) ?? 0) + room);
  return shown.map((column) => [column, widths.get(column) ?? 0]);
}

/** A table of tasks in so many columns: the line of heads, and how to draw each row. */
export function table(
  tasks: readonly Task[],
  view: View,
  columns: number,
  sort: { key: SortKey; reverse: boolean },
): { heads: string; row: (task: Task) => string } {
  const { unicode } = view.style;
  const shown = layout(tasks, view, columns);
  const [down, up] = unicode ? ["▼", "▲"] : ["v", "^"];
  // Names rise by themselves, numbers fall.
  const arrow = (sort.key === "name") === sort.reverse ? down : up;
  const line = (cell: (column: Column) => string) =>
    shown.map(([column, wide]) =>
      fit(cell(column), wide, {
        right: column.right === true,
        middle: column === NAME,
        unicode,
      })
    )
      .join(" ");
  return {
    heads: line(({ head, sort: key }) => key === sort.key ? head + arrow : head),
    row: (task) => line((column) => column.cell(task, view)),
  };
}

/** The tasks for scripts and pipes: every column as wide as it needs, without blanks but in the command. */
export function plainTable(tasks: readonly Task[], view: View): string {
  const limit: Column = {
    head: "LIMIT",
    right: true,
    rank: 0,
    cell: ({ memoryLimit }) => maybe(memoryLimit, shortBytes),
  };
  const memory: Column = { ...MEMORY, cell: ({ memory }) => maybe(memory, shortBytes) };
  const columns = [NAME, STATE, PROCESSES, CPU, memory, limit, TIME, AGE, COMMAND];
  const lines = [
    columns.map(({ head }) => head),
    ...tasks.map((task) => columns.map(({ cell }) => cell(task, view))),
  ];
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => width(cells[i] ?? ""))));
  return lines.map((cells) =>
    cells.map((cell, i) => fit(cell, widths[i] ?? 0, { right: columns[i]?.right === true }))
      .join(" ").trimEnd() + "\n"
  ).join("");
}
