import { formatBytes } from "../show/format.ts";
import { KEYS } from "./help.ts";
import { label, type Mode, selectedTask, type State, withoutLog } from "./model.ts";
import { gauge, percent, type Style, table } from "../show/table.ts";
import { clean, cut, endOf, fit, width } from "../show/text.ts";

/** The size of a terminal. */
export interface Size {
  columns: number;
  rows: number;
}

/** What is emphasised, and by which attributes (ECMA-48, SGR). */
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

/** Nothing is drawn for less: what is too wide is cut off by the terminal. */
const COLUMNS_LEAST = 20;

/**
 * The lines of the screen, from the top: as many as it has, none wider than it is,
 * unless it has less than 20 columns. With colours they contain SGR sequences, and
 * no other.
 */
export function screen(state: State, { columns, rows }: Size, style: Style): string[] {
  const size = { columns: Math.max(COLUMNS_LEAST, columns), rows };
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
  const place = state.rows.findIndex(({ name }) => name === state.selected);
  // The selected one in the middle, as far as there are rows above and below it.
  const first = Math.max(0, Math.min(place - Math.floor(room / 2), state.rows.length - room));
  const rows = state.rows.slice(first, first + room).map((task) => {
    const chosen = task.id === state.selected;
    const line = cut((chosen ? "> " : "  ") + row(task), size.columns);
    if (chosen) return paint(line, "selected", style);
    if (state.stopping.has(task.id)) return paint(line, "alarm", style);
    return task.state === "paused" ? paint(line, "busy", style) : line;
  });
  if (state.rows.length === 0 && room > 0) {
    rows.push(cut(state.filter === "" ? "  no task runs" : "  no task is like this", size.columns));
  }
  while (rows.length < room) rows.push("");
  return [...top, paint(cut(`  ${heads}`, size.columns), "head", style), ...rows, ...pane];
}

function header(state: State, { columns, rows }: Size, style: Style): string[] {
  const { namespace, tasks, host } = state;
  const sum = (value: (task: State["tasks"][number]) => number | null) =>
    tasks.reduce((total, task) => total + (value(task) ?? 0), 0);
  const processes = sum((task) => task.processes);
  const count = (number: number, what: string, plural = `${what}s`) =>
    `${number} ${number === 1 ? what : plural}`;
  const runs = ({ state }: State["tasks"][number]) => state !== "exit-cmd";
  const [all, some] = [tasks.filter(runs).length, state.rows.filter(runs).length];
  const shown = some < all ? `${some} of ` : "";
  const title = `${namespace}: ${shown}${count(all, "task")}, ` +
    `${count(processes, "process", "processes")}, ${count(host.cpus, "CPU")}`;
  const first = paint(fit(title, columns, style), "head", style);
  // A bar says less than a row.
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
  const lines = ["Keys", ""];
  for (const [keys, what] of KEYS) {
    const [first = "", ...more] = wrap(what, size.columns - 16);
    lines.push(`  ${keys.padEnd(14)}${first}`, ...more.map((line) => " ".repeat(16) + line));
  }
  return lines.map((line, i) =>
    i === 0 ? paint(cut(line, size.columns), "head", style) : cut(line, size.columns)
  );
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** The keys in the last line, in the order in which they find room. */
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
  // At the end stands the question, or what is typed.
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
      return "any key to go back";
    case "list":
      return undefined;
  }
}
