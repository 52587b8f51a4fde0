import { formatBytes } from "../../show/format.ts";
import { KEYS } from "./help.ts";
import { label, type Mode, selectedTask, type State, withoutLog } from "./model.ts";
import { gauge, percent, type Style, table } from "../../show/table.ts";
import { beside, clean, cut, endOf, fit, width } from "../../show/text.ts";

/** The size of a terminal. */
export interface Size {
  columns: number;
  rows: number;
}

/** The SGR attribute of each kind of text (ECMA-48, Select Graphic Rendition). */
const ATTRIBUTES = {
  head: "1",
  dim: "2",
  selected: "7",
  calm: "32",
  busy: "33",
  alarm: "31",
} as const;

function paint(text: string, as: keyof typeof ATTRIBUTES, { colour }: Style): string {
  return colour && text !== "" ? `\u001b[${ATTRIBUTES[as]}m${text}\u001b[0m` : text;
}

/** The least width that is drawn for; a narrower terminal cuts the lines off. */
const MIN_COLUMNS = 20;

/**
 * Returns the lines of the screen from the top: exactly `rows`, none wider than `columns` or
 * 20, whichever is more. In colour they contain SGR sequences, but no other control characters.
 */
export function screen(state: State, { columns, rows }: Size, style: Style): string[] {
  const size = { columns: Math.max(MIN_COLUMNS, columns), rows };
  const lines = state.mode.is === "help" ? help(size, style) : body(state, size, style);
  const shown = lines.slice(0, Math.max(0, size.rows - 1));
  while (shown.length < size.rows - 1) shown.push("");
  return [...shown, footer(state, size, style)].slice(-size.rows).map((line) => line.trimEnd());
}

function body(state: State, size: Size, style: Style): string[] {
  const top = header(state, size, style);
  const pane = logPane(state, size, style);
  const room = Math.max(0, size.rows - top.length - pane.length - 2);
  const view = { cpus: state.host.cpus, stopping: state.stopping, style };
  const { heads, row } = table(state.rows, view, size.columns - 2, state.sort);
  const place = state.rows.findIndex(({ id }) => id === state.selected);
  // The selected task is in the middle, if there are enough rows above and below it.
  const first = Math.max(0, Math.min(place - Math.floor(room / 2), state.rows.length - room));
  const rows = state.rows.slice(first, first + room).map((task) => {
    const isSelected = task.id === state.selected;
    const line = cut((isSelected ? "> " : "  ") + row(task), size.columns);
    if (isSelected) return paint(line, "selected", style);
    if (state.stopping.has(task.id)) return paint(line, "alarm", style);
    return task.state === "paused" ? paint(line, "busy", style) : line;
  });
  if (state.rows.length === 0 && room > 0) {
    const message = state.filter === "" ? "no task is running" : "no task matches the filter";
    rows.push(cut(`  ${message}`, size.columns));
  }
  while (rows.length < room) rows.push("");
  return [...top, paint(cut(`  ${heads}`, size.columns), "head", style), ...rows, ...pane];
}

function header(state: State, { columns, rows }: Size, style: Style): string[] {
  const { namespace, tasks, isTruncated, host } = state;
  const sum = (value: (task: State["tasks"][number]) => number | null) =>
    tasks.reduce((total, task) => total + (value(task) ?? 0), 0);
  const processes = sum((task) => task.processes);
  const count = (number: number, noun: string, plural = `${noun}s`) =>
    `${number} ${number === 1 ? noun : plural}`;
  const isTask = ({ state }: State["tasks"][number]) => state !== "exit-cmd";
  const [all, some] = [tasks.filter(isTask).length, state.rows.filter(isTask).length];
  const shown = some < all ? `${some} of ` : "";
  const title = `${namespace}: ${shown}${count(all, "task")}${isTruncated ? " and more" : ""}, ` +
    `${count(processes, "process", "processes")}, ${count(host.cpus, "CPU")}`;
  const first = paint(fit(title, columns, style), "head", style);
  // On a small screen the rows of tasks are worth more than the bars.
  if (rows < 10) return [first];
  const cpu = sum((task) => task.cpu);
  const memory = sum((task) => task.memory);
  const meter = (label: string, part: number, text: string) =>
    bar(label, part, text, columns, style);
  return [
    first,
    meter("CPU    ", cpu / 100 / host.cpus, `${percent(cpu)} % of ${host.cpus * 100} %`),
    meter("Memory ", memory / host.memory, `${formatBytes(memory)} of ${formatBytes(host.memory)}`),
  ];
}

function bar(label: string, part: number, text: string, columns: number, style: Style): string {
  const wide = Math.max(3, Math.min(40, columns - label.length - 24));
  const as = part > 0.9 ? "alarm" : part > 0.6 ? "busy" : "calm";
  const rest = columns - label.length - wide - 3;
  if (rest <= 0) return cut(label + text, columns);
  return `${label}[${paint(gauge(part, wide, style), as, style)}] ${cut(text, rest)}`;
}

function logPane(state: State, { columns, rows }: Size, style: Style): string[] {
  const task = selectedTask(state);
  if (rows < 14) return [];
  const height = Math.max(3, Math.min(15, Math.floor(rows / 4)));
  const dash = style.unicode ? "─" : "-";
  const where = task === undefined ? "" : task.log ?? withoutLog(task);
  const title = task === undefined ? "" : ` log of ${task.name}: ${clean(where, style.unicode)} `;
  const short = cut(title, columns - 4);
  const line = dash.repeat(2) + short + dash.repeat(Math.max(0, columns - 2 - width(short)));
  const { lines, problem } = state.log;
  const shown = problem === undefined
    ? lines.slice(-height).map((text) => fit(clean(text, style.unicode), columns, style).trimEnd())
    : [cut(clean(problem, style.unicode), columns)];
  while (shown.length < height) shown.push("");
  return [paint(line, "dim", style), ...shown];
}

function help(size: Size, style: Style): string[] {
  const keys = KEYS.flatMap(([keys, action]) =>
    beside(`  ${keys.padEnd(14)}`, action, size.columns)
  );
  return ["Keys", "", ...keys].map((line, i) =>
    i === 0 ? paint(cut(line, size.columns), "head", style) : cut(line, size.columns)
  );
}

/** The keys in the last line, the most important first: as many as have room are shown. */
const HINTS = [
  "? help",
  "q quit",
  "/ filter",
  "s stop",
  "K kill",
  "p pause",
  "l log",
  "n c m a sort",
];

function footer(state: State, { columns }: Size, style: Style): string {
  const filter = clean(state.filter, style.unicode);
  const text = prompt(state.mode, filter);
  // If it is too long its end is shown, where the question is or the filter is typed.
  if (text !== undefined) return paint(endOf(text, columns), "head", style);
  if (state.message !== "") {
    return paint(fit(clean(state.message, style.unicode), columns, style), "busy", style);
  }
  let line = "";
  for (const hint of HINTS) {
    const longer = line === "" ? hint : `${line}   ${hint}`;
    if (longer.length <= columns) line = longer;
  }
  return filter === "" ? paint(line, "dim", style) : cut(`/${filter}   ${line}`, columns);
}

function prompt(mode: Mode, filter: string): string | undefined {
  switch (mode.is) {
    case "confirm":
      return `${mode.action} ${label(mode)}? y/n `;
    case "filter":
      return `/${filter}_`;
    case "help":
      return "press any key to go back";
    case "list":
      return undefined;
  }
}
