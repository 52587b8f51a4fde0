import type { Key } from "./keys.ts";
import type { Tail } from "../logs/log_tail.ts";
import type { SortKey, Task } from "../show/table.ts";
import type { Sample } from "./sampler.ts";

/** What the keys are for at the moment. */
export type Mode =
  | { is: "list" | "filter" | "help" }
  | { is: "confirm"; action: "stop" | "kill"; id: string; task: string; run: number };

/** All that a screen shows. */
export interface State {
  namespace: string;
  /** What the host has: processors, and bytes of memory. */
  host: { cpus: number; memory: number };
  /** When the tasks were looked at, in milliseconds since 1970. */
  time: number;
  /** All tasks. */
  tasks: readonly Task[];
  /** Those that pass the filter, in order. */
  rows: readonly Task[];
  sort: { key: SortKey; reverse: boolean };
  filter: string;
  /** The `id` of the task that the keys are about. */
  selected: string | undefined;
  /** Whether its user has selected it, and not only begun at the top. */
  isChosen: boolean;
  mode: Mode;
  /** Those that are being stopped from here, by `id`. */
  stopping: ReadonlySet<string>;
  /** What is to be told, until the next key. */
  message: string;
  /** The end of the selected task's log. */
  log: Tail;
}

/** What happens. */
export type Event =
  | { type: "key"; key: Key }
  | { type: "sample"; sample: Sample }
  | { type: "log"; task: string; tail: Tail }
  | { type: "message"; text: string }
  /** A stop is over; with a text if it went wrong. */
  | { type: "stopped"; id: string; text: string };

/** What is to be done about it outside of the state. */
export type Effect =
  | { type: "quit"; status: number }
  | { type: "stop"; id: string; task: string; run: number; atOnce: boolean }
  | { type: "freeze"; task: string; frozen: boolean }
  | { type: "page"; log: string }
  | { type: "suspend" }
  | { type: "redraw" };

/** The state after an event, and what is to be done. */
export interface Step {
  state: State;
  effect?: Effect;
}

/** The state before the first sample. */
export function initialState(
  namespace: string,
  host: State["host"],
  filter = "",
): State {
  return {
    namespace,
    host,
    time: 0,
    tasks: [],
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

/** The task that the keys are about, if there is any. */
export function selectedTask(state: State): Task | undefined {
  return state.rows.find(({ id }) => id === state.selected);
}

/** The name of the task in an `id`. */
export function nameOf(id: string): string {
  return id.slice(id.lastIndexOf(" ") + 1);
}

/** What a row is called in a sentence. */
export function label({ id, task }: { id: string; task: string }): string {
  return id === task ? `task ${task}` : `the exit command of task ${task}`;
}

/** What becomes of the state when something happens. */
export function update(state: State, event: Event): Step {
  switch (event.type) {
    case "key":
      return pressed({ ...state, message: "" }, event.key);
    case "sample":
      return { state: sampled(state, event.sample) };
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

function sampled(state: State, { time, tasks }: Sample): State {
  const before = selectedTask(state);
  const next = arranged({ ...state, time, tasks });
  if (before === undefined || tasks.some(({ run }) => run === before.run)) return next;
  const { id, name } = before;
  const what = label({ id, task: name });
  // Unless something better is already said of it.
  if (state.stopping.has(id) || state.message.includes(`${what} `)) return next;
  const again = tasks.some((task) => task.id === id);
  return { ...next, message: `${what} has ${again ? "been started anew" : "ended"}` };
}

/** The state with its rows filtered and sorted anew, and one of them selected. */
function arranged(state: State): State {
  const filter = state.filter.toLowerCase();
  const rows = state.tasks
    .filter(({ name, command }) => `${name} ${command}`.toLowerCase().includes(filter))
    .sort(order(state.sort));
  if (rows.some(({ id }) => id === state.selected)) return { ...state, rows };
  // It has ended, or is filtered out: the one that takes its place is next.
  const place = state.rows.findIndex(({ id }) => id === state.selected);
  return select({ ...state, rows }, Math.max(0, place));
}

/** The order of the rows: names from A, everything else from the most. Names decide a draw. */
function order({ key, reverse }: State["sort"]): (a: Task, b: Task) => number {
  const byName = (a: Task, b: Task) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
  const most = (value: (task: Task) => number | null) => (a: Task, b: Task) =>
    (value(b) ?? -1) - (value(a) ?? -1);
  const compare = {
    name: byName,
    cpu: most(({ cpu }) => cpu),
    memory: most(({ memory }) => memory),
    age: most(({ age }) => age),
  }[key];
  const sign = reverse ? -1 : 1;
  return (a, b) => sign * compare(a, b) || byName(a, b);
}

function select(state: State, place: number): State {
  const selected = state.rows[Math.max(0, Math.min(place, state.rows.length - 1))]?.id;
  return selected === state.selected ? state : { ...state, selected, log: { lines: [] } };
}

function pressed(state: State, key: Key): Step {
  if (key === "ctrl-c") return { state, effect: { type: "quit", status: 130 } };
  if (key === "ctrl-\\") return { state, effect: { type: "quit", status: 131 } };
  if (key === "ctrl-z") return { state, effect: { type: "suspend" } };
  if (key === "ctrl-l") return { state, effect: { type: "redraw" } };
  switch (state.mode.is) {
    case "help":
      return { state: { ...state, mode: { is: "list" } } };
    case "confirm":
      return confirmed(state, state.mode, key);
    case "filter":
      return { state: moved(state, key) ?? filtered(state, key) };
    case "list":
      return { state: moved(state, key) ?? state, ...listed(state, key) };
  }
}

/** How far a page goes, in rows. */
const PAGE = 10;

/** The state after a key that selects another row, in every mode with rows. */
function moved(state: State, key: Key): State | undefined {
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

function filtered(state: State, key: Key): State {
  const become = (filter: string) => arranged({ ...state, filter });
  if (key === "enter") return { ...state, mode: { is: "list" } };
  if (key === "escape") return { ...become(""), mode: { is: "list" } };
  if (key === "ctrl-u") return become("");
  if (key === "backspace") return become([...state.filter].slice(0, -1).join(""));
  return [...key].length === 1 ? become(state.filter + key) : state;
}

function confirmed(state: State, mode: Mode & { is: "confirm" }, key: Key): Step {
  const next: State = { ...state, mode: { is: "list" } };
  if (key !== "y" && key !== "Y") return { state: next };
  // Not another run that has taken its name meanwhile.
  if (!state.tasks.some(({ run }) => run === mode.run)) {
    return { state: { ...next, message: `${label(mode)} has ended` } };
  }
  return {
    state: { ...next, stopping: new Set([...state.stopping, mode.id]) },
    effect: {
      type: "stop",
      id: mode.id,
      task: mode.task,
      run: mode.run,
      atOnce: mode.action === "kill",
    },
  };
}

const SORTS: Readonly<Record<Key, SortKey>> = { n: "name", c: "cpu", m: "memory", a: "age" };

function listed(state: State, key: Key): Partial<Step> {
  const sort = SORTS[key];
  if (sort !== undefined) {
    const reverse = state.sort.key === sort && !state.sort.reverse;
    const sorted = arranged({ ...state, sort: { key: sort, reverse } });
    return { state: state.isChosen ? sorted : select(sorted, 0) };
  }
  switch (key) {
    case "q":
      return { effect: { type: "quit", status: 0 } };
    case "j":
      return { state: moved(state, "down") ?? state };
    case "k":
      return { state: moved(state, "up") ?? state };
    case "g":
      return { state: moved(state, "home") ?? state };
    case "G":
      return { state: moved(state, "end") ?? state };
    case "/":
      return { state: { ...state, mode: { is: "filter" } } };
    case "escape":
      return { state: arranged({ ...state, filter: "" }) };
    case "?":
      return { state: { ...state, mode: { is: "help" } } };
    default:
      return ofTask(state, key);
  }
}

/** The keys that do something to the selected task. */
function ofTask(state: State, key: Key): Partial<Step> {
  const task = selectedTask(state);
  if (task === undefined) return {};
  const { id, name, run } = task;
  switch (key) {
    case "s":
    case "K": {
      const action = key === "s" ? "stop" : "kill";
      return { state: { ...state, mode: { is: "confirm", action, id, task: name, run } } };
    }
    case "p":
      if (task.state === "exit-cmd") {
        return { state: { ...state, message: "an exit command cannot be paused" } };
      }
      return { effect: { type: "freeze", task: name, frozen: task.state !== "paused" } };
    case "l":
    case "enter":
      return paged(state, task);
    default:
      return {};
  }
}

function paged(state: State, task: Task): Partial<Step> {
  const { problem } = state.log;
  if (task.log !== null && problem === undefined) {
    return { effect: { type: "page", log: task.log } };
  }
  const message = task.log === null
    ? `no log of task ${task.name}: its output goes ${withoutLog(task)}`
    : `cannot show ${task.log}: ${problem}`;
  return { state: { ...state, message } };
}

/** Where the output of a task goes that has no log, as far as that is known. */
export function withoutLog({ age }: Task): string {
  return age === null ? "where only its owner can see" : "to its caller's terminal";
}
