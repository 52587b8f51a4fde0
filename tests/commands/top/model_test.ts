import { assertEquals, assertMatch } from "@std/assert";
import { type Event, type State, update } from "../../../src/commands/top/model.ts";
import type { Task } from "../../../src/show/table.ts";
import { screen } from "../../../src/commands/top/screen.ts";
import { NOW, press, stateOf, task, TASKS } from "./fixture.ts";

const names = (state: State) => state.rows.map(({ name }) => name);
const PLAIN = { colour: false, unicode: true };
const effect = (state: State, key: string) => update(state, { type: "key", key }).effect;
const after = (state: State, ...events: Event[]) =>
  events.reduce((before, event) => update(before, event).state, state);
const sample = (tasks: readonly Task[]): Event => ({
  type: "sample",
  sample: { time: NOW, tasks: [...tasks], isTruncated: false },
});
const ABC = [task("a"), task("b"), task("c")];

Deno.test("the rows are sorted by CPU at first, then as the keys say, in either order", () => {
  const tasks = [
    task("a", { cpu: 1, memory: 20, age: 300 }),
    task("b", { cpu: 3, memory: 10, age: 200 }),
    task("c", { cpu: null, memory: null, age: null }),
    task("d", { cpu: 3, memory: 30, age: 100 }),
  ];
  const state = stateOf(tasks);
  assertEquals(names(state), ["b", "d", "a", "c"]);
  assertEquals(names(press(state, "m")), ["d", "a", "b", "c"]);
  assertEquals(names(press(state, "m", "m")), ["c", "b", "a", "d"]);
  assertEquals(names(press(state, "a")), ["a", "b", "d", "c"]);
  assertEquals(names(press(state, "n")), ["a", "b", "c", "d"]);
  assertEquals(names(press(state, "n", "n")), ["d", "c", "b", "a"]);
  assertEquals(names(press(state, "n", "n", "c")), ["b", "d", "a", "c"]);
});

Deno.test("keys move the selection, but not beyond the first and last row", () => {
  const state = stateOf(Array.from({ length: 26 }, (_, i) => task(String.fromCharCode(97 + i))));
  const cases: [string[], string][] = [
    [[], "a"],
    [["up"], "a"],
    [["down"], "b"],
    [["j", "j", "k"], "b"],
    [["page down"], "k"],
    [["page down", "page down", "page down"], "z"],
    [["end"], "z"],
    [["G", "page up"], "p"],
    [["G", "g"], "a"],
    [["G", "home"], "a"],
  ];
  for (const [keys, name] of cases) assertEquals(press(state, ...keys).selected, name);
  assertEquals(press(stateOf([]), "down", "up", "G", "s", "K", "p", "l", "y").selected, undefined);
});

Deno.test("the selection follows its task when the order changes", () => {
  const state = press(stateOf(ABC), "down");
  const busy = after(state, sample([task("a"), task("b"), task("c", { cpu: 90 })]));
  assertEquals([names(busy), busy.selected], [["c", "a", "b"], "b"]);
});

Deno.test("a sort selects the first row, unless the user has selected a task", () => {
  const tasks = [task("a", { cpu: 1 }), task("b", { cpu: 9 }), task("c", { cpu: 5 })];
  const state = stateOf(tasks);
  assertEquals([state.selected, names(state)[0]], ["b", "b"]);
  for (const [keys, selected] of [["n", "a"], ["nn", "c"], ["ncc", "a"]] as const) {
    const sorted = press(state, ...keys);
    assertEquals([sorted.selected, names(sorted)[0]], [selected, selected], keys);
  }
  assertEquals(press(state, "down", "n", "n").selected, "c");
  assertEquals(press(state, "down", "n").selected, "c");
  // A user who goes back to the first row has no task selected any more.
  assertEquals(press(state, "down", "g", "n").selected, "a");
  assertEquals(press(state, "n").log.lines, []);
});

Deno.test("when the selected task ends the next one is selected, and a message says so", () => {
  const state = after(press(stateOf(ABC), "down"), sample([task("a"), task("c")]));
  assertEquals([state.selected, state.message], ["c", "task b has ended"]);
  const last = after(press(state, "down"), sample([task("a")]));
  assertEquals(last.selected, "a");
  const none = after(last, sample([]));
  assertEquals([none.selected, none.message], [undefined, "task a has ended"]);
  assertEquals(after(none, sample(ABC)).selected, "a");
});

Deno.test("a new run of the selected task is reported as such", () => {
  const state = after(stateOf(ABC), sample([task("a", { inode: 99 }), task("b")]));
  assertEquals([state.selected, state.message], ["a", "task a has been started again"]);
});

Deno.test("/ filters by name and command, Enter keeps the filter, Escape removes it", () => {
  const typing = press(stateOf(), "/", "P", "O", "R");
  assertEquals([names(typing), typing.mode.is], [["import", "export"], "filter"]);
  const kept = press(typing, "enter");
  assertEquals([names(kept), kept.mode.is], [["import", "export"], "list"]);
  assertEquals(names(press(kept, "escape")).length, 3);
  assertEquals(names(press(typing, "escape")).length, 3);
  assertEquals(names(press(stateOf(), "/", ..."s3:")), ["export"]);
  assertEquals(press(typing, "backspace").filter, "PO");
  assertEquals(press(typing, "ctrl-u").filter, "");
  // Letters are part of the filter, but arrows move the selection.
  assertEquals(press(stateOf(), "/", "q", "s", "K").filter, "qsK");
  assertEquals(press(typing, "down").selected, "export");
});

Deno.test("a filter can be given at the start, and can match no task", () => {
  assertEquals(names(stateOf(TASKS, "port")), ["import", "export"]);
  const none = stateOf(TASKS, "nothing like this");
  assertEquals([names(none), none.selected], [[], undefined]);
  assertEquals(press(none, "escape").selected, "import");
});

Deno.test("s and K act only after y, and only on the run that was selected", () => {
  for (const [key, atOnce] of [["s", false], ["K", true]] as const) {
    const asked = press(stateOf(ABC), key);
    assertEquals(asked.mode.is, "confirm");
    assertEquals(effect(asked, "y"), {
      type: "stop",
      id: "a",
      task: "a",
      inode: task("a").inode,
      atOnce,
    });
    assertEquals([...press(asked, "y").stopping], ["a"]);
    for (const no of ["n", "escape", "enter", "q", "s", "K"]) {
      assertEquals([effect(asked, no), press(asked, no).mode.is], [undefined, "list"], no);
    }
    const again = after(asked, sample([task("a", { inode: 99 }), task("b")]));
    assertEquals(effect(again, "y"), undefined);
    assertEquals(press(again, "y").message, "task a has ended");
  }
});

Deno.test("the result of a stop is shown, also after its task has ended", () => {
  const stopping = press(stateOf(ABC), "s", "y");
  const gone = after(stopping, sample([task("b")]));
  assertEquals(gone.message, "");
  const told = after(gone, { type: "stopped", id: "a", text: "task a has been stopped" });
  assertEquals([told.message, told.stopping.size], ["task a has been stopped", 0]);
  const other = after(
    stopping,
    { type: "stopped", id: "a", text: "task a has been stopped" },
    sample([task("b")]),
  );
  assertEquals(other.message, "task a has been stopped");
  assertEquals(press(other, "j").message, "");
});

Deno.test("p pauses a running task and resumes a paused one", () => {
  assertEquals(effect(stateOf(ABC), "p"), { type: "freeze", task: "a", frozen: true });
  const paused = stateOf([task("a", { state: "paused" })]);
  assertEquals(effect(paused, "p"), { type: "freeze", task: "a", frozen: false });
});

Deno.test("l shows the log, or says why it cannot", () => {
  const log = task("a").log ?? "";
  assertEquals(effect(stateOf(ABC), "l"), { type: "page", log });
  const deleted = after(stateOf(ABC), {
    type: "log",
    task: "a",
    tail: { lines: [], problem: "it is not there" },
  });
  assertEquals(effect(deleted, "l"), undefined);
  assertEquals(press(deleted, "l").message, `cannot show ${log}: it is not there`);
  const foreground = press(stateOf([task("a", { log: null })]), "l");
  assertEquals(
    foreground.message,
    "cannot show the log of task a: the output goes to the caller's terminal",
  );
});

Deno.test("the end of a log is kept only if its task is selected", () => {
  const tail = { lines: ["hello"] };
  const state = after(stateOf(ABC), { type: "log", task: "a", tail });
  assertEquals(state.log, tail);
  assertEquals(after(state, { type: "log", task: "b", tail: { lines: ["no"] } }).log, tail);
  assertEquals(press(state, "down").log.lines, []);
});

Deno.test("q, ^C and ^\\ quit, ^Z suspends, ^L redraws, ? shows the help until the next key", () => {
  const state = stateOf(ABC);
  assertEquals(effect(state, "q"), { type: "quit", status: 0 });
  for (const keys of [[], ["/"], ["?"], ["s"]]) {
    const mode = press(state, ...keys);
    assertEquals(effect(mode, "ctrl-c"), { type: "quit", status: 130 });
    assertEquals(effect(mode, "ctrl-\\"), { type: "quit", status: 131 });
    assertEquals(effect(mode, "ctrl-z"), { type: "suspend" });
    assertEquals(effect(mode, "ctrl-l"), { type: "redraw" });
  }
  assertEquals(press(state, "?").mode.is, "help");
  assertEquals(effect(press(state, "?"), "q"), undefined);
  assertEquals(press(state, "?", "q").mode.is, "list");
  assertEquals(press(state, "x", "é", "left"), state);
});

Deno.test("an exit command is stopped without a new run of its task, and cannot be paused", () => {
  const exit = task("a", {
    id: "exit 5 a",
    inode: 5,
    state: "exit-cmd",
    command: "(exit command)",
  });
  const both = after(stateOf([task("a"), exit]), { type: "key", key: "down" });
  assertEquals(both.selected, "exit 5 a");
  const asked = after(both, { type: "key", key: "s" });
  assertMatch(
    screen(asked, { columns: 80, rows: 10 }, PLAIN).at(-1) ?? "",
    /^stop the exit command of task a\? y/,
  );
  const { state, effect } = update(asked, { type: "key", key: "y" });
  assertEquals(effect, { type: "stop", id: "exit 5 a", task: "a", inode: 5, atOnce: false });
  assertEquals([...state.stopping], ["exit 5 a"]);
  const lines = screen(state, { columns: 80, rows: 10 }, PLAIN);
  assertEquals(lines.filter((line) => line.includes("stopping")).length, 1);
  assertMatch(lines[0] ?? "", /^web: 1 task, 2 processes/);
  const paused = update(both, { type: "key", key: "p" });
  assertEquals([paused.effect, paused.state.message], [
    undefined,
    "an exit command cannot be paused",
  ]);
  const gone = after(both, {
    type: "sample",
    sample: { time: NOW, tasks: [task("a")], isTruncated: false },
  });
  assertEquals(gone.message, "the exit command of task a has ended");
});
