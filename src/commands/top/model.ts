import type { Key } from "./keys.ts";
import type { Tail } from "../../logs/log_tail.ts";
import type { SortKey, Task } from "../../show/table.ts";
import type { Sample } from "./sampler.ts";

/** What the keys act on: the list, the filter, the help or a question. */
export type Mode =
  | { is: "list" | "filter" | "help" }
  | { is: "confirm"; action: "stop" | "kill"; id: string; task: string; inode: number };

/** The state of the live view: the screen shows nothing else. */
export interface State {
  namespace: string;
  /** The number of processors of the host, and its memory in bytes. */
  host: { cpus: number; memory: number };
  /** The time of the last sample, in milliseconds since 1970. */
  time: number;
  /** All tasks and running exit commands. */
  tasks: readonly Task[];
  /** Whether tasks were left out because there was too much to read. */
  isTruncated: boolean;
  /** The tasks that match the filter, in the order of the screen. */
  rows: readonly Task[];
  sort: { key: SortKey; reverse: boolean };
  filter: string;
  /** The `id` of the selected task. */
  selected: string | undefined;
  /** Whether the user has selected it; else it is selected because it was at the top. */
  isChosen: boolean;
  mode: Mode;
  /** The `id`s of the tasks that the user is stopping. */
  stopping: ReadonlySet<string>;
  /** A message that is shown until the next key. */
  message: string;
  /** The end of the selected task's log. */
  log: Tail;
}

/** An event that changes the state. */
export type Event =
  | { type: "key"; key: Key }
  | { type: "sample"; sample: Sample }
  | { type: "log"; task: string; tail: Tail }
  | { type: "message"; text: string }
  /** A stop has succeeded or failed, as the text says. */
  | { type: "stopped"; id: string; text: string };

/** An action outside of the state, which the live view performs. */
export type Effect =
  | { type: "quit"; status: number }
  | { type: "stop"; id: string; task: string; inode: number; atOnce: boolean }
  | { type: "freeze"; task: string; frozen: boolean }
  | { type: "page"; log: string }
  | { type: "suspend" }
  | { type: "redraw" };

/** The state after an event, and the action to perform. */
export interface Step {
  state: State;
  effect?: Effect;
}

/** Returns the state before the first sample. */
export function initialState(namespace: string, host: State["host"], filter = ""): State {
  return {
    namespace,
    host,
    time: 0,
    tasks: [],
    isTruncated: false,
    rows: [],
    sort: { key: "cpu", reverse: false },
    filter,
    selected: undefined,
    isChosen: false,
    mode: { is: "list" },
    stopping: new Set(),
    message: "",
    log: { lines: [] },
  };
}

/** Returns the selected task; undefined if no task matches the filter. */
export function selectedTask(state: State): Task | undefined {
  return state.rows.find(({ id }) => id === state.selected);
}

/** Returns the name of the task in an `id`. */
export function nameOf(id: string): string {
  return id.slice(id.lastIndexOf(" ") + 1);
}

/** Returns the subject of a sentence about a row: a task or an exit command. */
export function label({ id, task }: { id: string; task: string }): string {
  return id === task ? `task ${task}` : `the exit command of task ${task}`;
}

/** Returns the state after an event, and the action to perform. Pure. */
export function update(state: State, event: Event): Step {
  switch (event.type) {
    case "key":
      return pressKey({ ...state, message: "" }, event.key);
    case "sample":
      return { state: applySample(state, event.sample) };
    case "log":
      return {
        state: event.task === selectedTask(state)?.name ? { ...state, log: event.tail } : state,
      };
    case "message":
      return { state: { ...state, message: event.text } };
    case "stopped": {
      const stopping = new Set(state.stopping);
      stopping.delete(event.id);
      return { state: { ...state, stopping, message: event.text || state.message } };
    }
  }
}

function applySample(state: State, { time, tasks, isTruncated }: Sample): State {
  const before = selectedTask(state);
  const next = arrangeRows({ ...state, time, tasks, isTruncated });
  if (before === undefined || tasks.some(({ inode }) => inode === before.inode)) return next;
  const { id, name } = before;
  const subject = label({ id, task: name });
  // The result of a stop says more: it is shown, or will be.
  if (state.stopping.has(id) || state.message.includes(`${subject} `)) return next;
  const isRestarted = tasks.some((task) => task.id === id);
  return { ...next, message: `${subject} has ${isRestarted ? "been started again" : "ended"}` };
}

/** Filters and sorts the rows, and selects one of them. */
function arrangeRows(state: State): State {
  const filter = state.filter.toLowerCase();
  const rows = state.tasks
    .filter(({ name, command }) => `${name} ${command}`.toLowerCase().includes(filter))
    .sort(order(state.sort));
  if (rows.some(({ id }) => id === state.selected)) return { ...state, rows };
  // The selected task has ended or does not match: select the one that takes its place.
  const place = state.rows.findIndex(({ id }) => id === state.selected);
  return select({ ...state, rows }, Math.max(0, place));
}

/** Returns the comparison of rows: names ascending, other keys descending, then by name. */
function order({ key, reverse }: State["sort"]): (a: Task, b: Task) => number {
  const byName = (a: Task, b: Task) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
  const compare = key === "name" ? byName : (a: Task, b: Task) => (b[key] ?? -1) - (a[key] ?? -1);
  const sign = reverse ? -1 : 1;
  return (a, b) => sign * compare(a, b) || byName(a, b);
}

function select(state: State, place: number): State {
  const selected = state.rows[Math.max(0, Math.min(place, state.rows.length - 1))]?.id;
  return selected === state.selected ? state : { ...state, selected, log: { lines: [] } };
}

function pressKey(state: State, key: Key): Step {
  if (key === "ctrl-c") return { state, effect: { type: "quit", status: 130 } };
  if (key === "ctrl-\\") return { state, effect: { type: "quit", status: 131 } };
  if (key === "ctrl-z") return { state, effect: { type: "suspend" } };
  if (key === "ctrl-l") return { state, effect: { type: "redraw" } };
  switch (state.mode.is) {
    case "help":
      return { state: { ...state, mode: { is: "list" } } };
    case "confirm":
      return answerQuestion(state, state.mode, key);
    case "filter":
      return { state: moveSelection(state, key) ?? editFilter(state, key) };
    case "list":
      return {
        state: moveSelection(state, LETTERS[key] ?? key) ?? state,
        ...pressInList(state, key),
      };
  }
}

/** The rows by which the page keys move. */
const PAGE = 10;

/** Returns the state after a key that moves the selection; undefined for any other key. */
function moveSelection(state: State, key: Key): State | undefined {
  const place = state.rows.findIndex(({ id }) => id === state.selected);
  const places: Readonly<Record<Key, number>> = {
    up: place - 1,
    down: place + 1,
    "page up": place - PAGE,
    "page down": place + PAGE,
    home: 0,
    end: state.rows.length - 1,
  };
  const next = places[key];
  if (next === undefined) return undefined;
  return { ...select(state, next), isChosen: key !== "home" };
}

function editFilter(state: State, key: Key): State {
  const withFilter = (filter: string) => arrangeRows({ ...state, filter });
  if (key === "enter") return { ...state, mode: { is: "list" } };
  if (key === "escape") return { ...withFilter(""), mode: { is: "list" } };
  if (key === "ctrl-u") return withFilter("");
  if (key === "backspace") return withFilter([...state.filter].slice(0, -1).join(""));
  return [...key].length === 1 ? withFilter(state.filter + key) : state;
}

function answerQuestion(state: State, mode: Mode & { is: "confirm" }, key: Key): Step {
  const next: State = { ...state, mode: { is: "list" } };
  if (key !== "y" && key !== "Y") return { state: next };
  // The run that was asked about has ended; the next run of the task is not to be stopped.
  const { id, task, inode, action } = mode;
  if (!state.tasks.some((one) => one.inode === inode)) {
    return { state: { ...next, message: `${label(mode)} has ended` } };
  }
  return {
    state: { ...next, stopping: new Set([...state.stopping, id]) },
    effect: { type: "stop", id, task, inode, atOnce: action === "kill" },
  };
}

/** The letters that move the selection as other keys do. */
const LETTERS: Readonly<Record<Key, Key>> = { j: "down", k: "up", g: "home", G: "end" };

const SORTS: Readonly<Record<Key, SortKey>> = { n: "name", c: "cpu", m: "memory", a: "age" };

function pressInList(state: State, key: Key): Partial<Step> {
  const sort = SORTS[key];
  if (sort !== undefined) {
    const reverse = state.sort.key === sort && !state.sort.reverse;
    const sorted = arrangeRows({ ...state, sort: { key: sort, reverse } });
    return { state: state.isChosen ? sorted : select(sorted, 0) };
  }
  switch (key) {
    case "q":
      return { effect: { type: "quit", status: 0 } };
    case "/":
      return { state: { ...state, mode: { is: "filter" } } };
    case "escape":
      return { state: arrangeRows({ ...state, filter: "" }) };
    case "?":
      return { state: { ...state, mode: { is: "help" } } };
    default:
      return actOnTask(state, key);
  }
}

/** Handles the keys that act on the selected task. */
function actOnTask(state: State, key: Key): Partial<Step> {
  const task = selectedTask(state);
  if (task === undefined) return {};
  const { id, name, inode } = task;
  switch (key) {
    case "s":
    case "K": {
      const action = key === "s" ? "stop" : "kill";
      return { state: { ...state, mode: { is: "confirm", action, id, task: name, inode } } };
    }
    case "p":
      if (task.state === "exit-cmd") {
        return { state: { ...state, message: "an exit command cannot be paused" } };
      }
      return { effect: { type: "freeze", task: name, frozen: task.state !== "paused" } };
    case "l":
    case "enter":
      return showLog(state, task);
    default:
      return {};
  }
}

function showLog(state: State, task: Task): Partial<Step> {
  const { problem } = state.log;
  if (task.log !== null && problem === undefined) {
    return { effect: { type: "page", log: task.log } };
  }
  const message = task.log === null
    ? `cannot show the log of task ${task.name}: ${withoutLog(task)}`
    : `cannot show ${task.log}: ${problem}`;
  return { state: { ...state, message } };
}

/** Returns the reason why the log of a task is unknown (`log` is null). */
export function withoutLog({ age, state }: Task): string {
  if (state === "exit-cmd") return "it has none, or only its owner can see where it is";
  return age === null
    ? "only its owner can see where it is"
    : "the output goes to the caller's terminal";
}
