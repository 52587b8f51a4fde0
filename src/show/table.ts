import { clean, fit, width } from "./text.ts";

/** A row of the table: a running task, or a running exit command, at one moment. */
export interface Task {
  /** Identifies the row: a task's name, or for an exit command a text that cannot be a name. */
  id: string;
  /** The name of the task. */
  name: string;
  /** The inode number of the registered cgroup, which distinguishes the run from all others. */
  inode: number;
  /** `exit-cmd` if the task has ended, and this is its exit command. */
  state: "running" | "paused" | "exit-cmd";
  /** The number of processes. */
  processes: number;
  /** The use of one processor since the previous sample, in percent; null if there is none. */
  cpu: number | null;
  /** The processor time used so far, in nanoseconds. */
  cpuTime: number | null;
  /** The memory in use, in bytes. */
  memory: number | null;
  /** The limit of memory, in bytes; null without a limit. */
  memoryLimit: number | null;
  /** The limit of processors; null without a limit. */
  cpuLimit: number | null;
  /** The time since its start, in milliseconds; null if no record can be read. */
  age: number | null;
  /** The command and its arguments, unfiltered: not yet safe for a terminal. */
  command: string;
  /** The file of its output; null if that goes to the caller's terminal, or is unknown. */
  log: string | null;
  /** The size of that file, in bytes; null if it is not known. */
  logSize: number | null;
}

/** The columns by which tasks can be sorted. */
export type SortKey = "name" | "cpu" | "memory" | "age";

/** The abilities of the terminal. */
export interface Style {
  /** Whether to use colours and emphasis. */
  colour: boolean;
  /** Whether the terminal can show more than ASCII. */
  unicode: boolean;
}

/** Renders a number of bytes in at most six columns: `512K`, `1.5G`. */
export function shortBytes(bytes: number): string {
  const units = ["B", "K", "M", "G", "T", "P"];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)}${units[unit]}`;
}

/**
 * Renders a duration, given in milliseconds, in at most six columns: `4.2s`, `3m05s`, `1h12m`,
 * `2d04h`, `120d`.
 */
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

/** Renders a percentage of one processor: `52.3`, `1600`. */
export function percent(value: number): string {
  return value < 999.95 ? value.toFixed(1) : String(Math.round(value));
}

/** Renders a bar of this many columns, of which a part from 0 to 1 is filled. */
export function gauge(part: number, columns: number, { unicode }: Style): string {
  const full = Math.max(0, Math.min(1, part)) * columns;
  if (!unicode) return "#".repeat(Math.round(full)).padEnd(columns);
  const eighths = Math.round(full * 8);
  const last = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "";
  return ("█".repeat(Math.floor(eighths / 8)) + last).padEnd(columns);
}

/** The parameters of a table beside its tasks. */
export interface View {
  /** The number of processors of the host. */
  cpus: number;
  /** The rows that are being stopped, by `id`. */
  stopping: ReadonlySet<string>;
  /** The abilities of the terminal. */
  style: Style;
}

interface Column {
  head: string;
  sort?: SortKey;
  right?: boolean;
  /** Its rank when room is short: the column with the highest rank is left out first. */
  rank: number;
  /** Its fixed width; without one it is as wide as its widest cell. */
  columns?: number;
  cell(task: Task, view: View): string;
}

/** Renders a value; one that is unknown or absent as a dash. */
export function maybe<T>(value: T | null | undefined, show: (value: T) => string): string {
  return value == null ? "-" : show(value);
}

/** A column of a table for scripts and pipes. */
export interface PlainColumn<T> {
  head: string;
  /** Whether the cells stand at the right, as those of numbers. */
  right?: boolean;
  cell(of: T): string;
}

/** Renders a table in which each column is as wide as it needs, with a gap between columns. */
export function aligned<T>(
  columns: readonly PlainColumn<T>[],
  rows: readonly T[],
  gap = " ",
): string {
  const lines = [
    columns.map(({ head }) => head),
    ...rows.map((row) => columns.map(({ cell }) => cell(row))),
  ];
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => width(cells[i] ?? ""))));
  return lines.map((cells) =>
    cells.map((cell, i) => fit(cell, widths[i] ?? 0, columns[i])).join(gap).trimEnd() + "\n"
  ).join("");
}

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

/** The bar is full when the task uses its limit of processors, or without one all of the host's. */
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

const LOG: Column = {
  head: "LOG",
  right: true,
  rank: 9,
  columns: 6,
  cell: ({ logSize }) => maybe(logSize, shortBytes),
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
  // The command is unknown to users who may not read the record.
  cell: ({ command }, { style }) => command === "" ? "-" : clean(command, style.unicode),
};

const ALL = [NAME, STATE, PROCESSES, CPU, GAUGE, MEMORY, LOG, TIME, AGE, COMMAND];

/** The least width of the column COMMAND. */
const COMMAND_LEAST = 8;

/** The least width of a table with the column LOG, on a terminal of 100 columns: in a narrower one the command gets its room. */
const WIDE = 98;

/** The greatest width of the column NAME in a table of this many columns. */
const nameMost = (columns: number) => Math.max(12, Math.min(40, Math.floor(columns / 5)));

/** Returns the columns that there is room for, with their widths. */
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
  const shown = ALL.filter((column) => column !== LOG || columns >= WIDE);
  while (shown.length > 1 && needs(shown) > columns) {
    const last = shown.reduce((one, other) => other.rank > one.rank ? other : one);
    shown.splice(shown.indexOf(last), 1);
  }
  const room = columns - needs(shown);
  const rest = shown.includes(COMMAND) ? COMMAND : NAME;
  if (rest === COMMAND || room < 0) widths.set(rest, (widths.get(rest) ?? 0) + room);
  return shown.map((column) => [column, widths.get(column) ?? 0]);
}

/** Lays out a table of this width. Returns its headings, and a function that renders a row. */
export function table(
  tasks: readonly Task[],
  view: View,
  columns: number,
  sort: { key: SortKey; reverse: boolean },
): { heads: string; row: (task: Task) => string } {
  const { unicode } = view.style;
  const shown = layout(tasks, view, columns);
  const [down, up] = unicode ? ["▼", "▲"] : ["v", "^"];
  // By default names are sorted upwards, and numbers downwards.
  const arrow = (sort.key === "name") === sort.reverse ? down : up;
  const line = (cell: (column: Column) => string) =>
    shown.map(([column, wide]) =>
      fit(cell(column), wide, { ...column, middle: column === NAME, unicode })
    ).join(" ");
  return {
    heads: line(({ head, sort: key }) => key === sort.key ? head + arrow : head),
    row: (task) => line((column) => column.cell(task, view)),
  };
}

/**
 * Renders a table for scripts and pipes, in which each column is as wide as it needs. No cell
 * but the last one, the command, contains blanks.
 */
export function plainTable(tasks: readonly Task[], view: View): string {
  const limit: Column = {
    head: "LIMIT",
    right: true,
    rank: 0,
    cell: ({ memoryLimit }) => maybe(memoryLimit, shortBytes),
  };
  const memory: Column = { ...MEMORY, cell: ({ memory }) => maybe(memory, shortBytes) };
  const columns = [NAME, STATE, PROCESSES, CPU, memory, limit, TIME, AGE, COMMAND]
    .map((column) => ({ ...column, cell: (task: Task) => column.cell(task, view) }));
  return aligned(columns, tasks);
}
