import { assertEquals, assertMatch } from "@std/assert";
import { painted, plain } from "../../src/show/colour.ts";
import { renderTaskTable } from "../../src/show/task_table.ts";
import { hasFailed, isSince, sorted } from "../../src/task/order.ts";
import type { State, TaskState } from "../../src/task/state.ts";

function task(name: string, more: Partial<TaskState> = {}): TaskState {
  return {
    namespace: "web",
    task: name,
    run: "r",
    pid: 1,
    labels: {},
    state: "exited",
    why: null,
    code: 0,
    signal: null,
    stopped: null,
    started: 1000,
    ended: 2000,
    duration: 1000,
    command: ["sleep", "1"],
    directory: "/",
    log: null,
    limits: {},
    processes: 0,
    usage: null,
    ...more,
  } as TaskState;
}

function usage(cpu: number, memory: number): TaskState["usage"] {
  return { cpu: { total: cpu }, memory: { now: null, peak: memory } } as TaskState["usage"];
}

Deno.test("states have colours, but not what has exited with 0", () => {
  const colour = (state: State, code: number | null) =>
    /^ESC\[(\d+)mxESC\[0m$/
      .exec(painted("x", { state, code }).replaceAll("\u001b", "ESC"))?.[1] ?? "";
  assertEquals(
    [colour("running", null), colour("paused", null), colour("exited", 0), colour("exited", 1)],
    ["32", "33", "", "31"],
  );
  assertEquals(["killed", "lost"].map((state) => colour(state as State, null)), ["31", "31"]);
  assertEquals([painted("", task("a", { code: 1 })), plain("x", task("a"))], ["", "x"]);
});

Deno.test("sorted() puts the latest and what uses most first, and equal ones by name", () => {
  const tasks = [
    task("b", { started: 5, ended: null, usage: usage(1, 9) }),
    task("a", { started: 5, ended: 7, usage: usage(3, 1) }),
    task("10", { started: 9, ended: 9, usage: null }),
  ];
  const order = (key: Parameters<typeof sorted>[1]) => sorted(tasks, key).map(({ task }) => task);
  assertEquals(order("name"), ["10", "a", "b"]);
  assertEquals(order("start"), ["10", "a", "b"]);
  assertEquals(order("end"), ["10", "a", "b"]);
  assertEquals(order("memory"), ["b", "a", "10"]);
  assertEquals(order("cpu"), ["a", "b", "10"]);
});

Deno.test("what ended otherwise than with 0 has failed, unless it was stopped", () => {
  const stopped = { by: "app", signal: "SIGTERM", at: 1 };
  const failed = (state: State, code: number | null, more: Partial<TaskState> = {}) =>
    hasFailed(task("a", { state, code, ...more }));
  assertEquals([failed("exited", 0), failed("exited", 1), failed("running", 1)], [
    false,
    true,
    false,
  ]);
  assertEquals(
    ["killed", "out of memory", "lost", "unknown", "timed out"].map((state) =>
      failed(state as State, null)
    ),
    [true, true, true, true, true],
  );
  assertEquals(failed("killed", null, { stopped }), false);
  const isIt = (more: Partial<TaskState>, time: number) =>
    isSince(task("a", more), time, () => 1500);
  assertEquals([isIt({}, 1900), isIt({}, 2500)], [true, false]);
  assertEquals(isIt({ state: "running", ended: null }, 1e12), true);
  const lost: Partial<TaskState> = { state: "lost", ended: null };
  assertEquals([isIt(lost, 1400), isIt(lost, 1600)], [true, false]);
});

Deno.test("renderTaskTable() has a line for each task, and blanks in the command alone", () => {
  const tasks = [
    task("a", {
      state: "out of memory",
      code: null,
      signal: "SIGKILL",
      usage: usage(2e9, 1 << 20),
    }),
    task("import-all", { state: "running", code: null, processes: 12, ended: null }),
    task("c", { run: null, started: null, duration: null, command: ["x\n\u001b[31m", "y"] }),
  ];
  const lines = renderTaskTable(tasks).split("\n");
  assertEquals(lines.map((line) => line.split(/ +/).slice(0, 3).join(" ")), [
    "TASK STATE STATUS",
    "a out-of-memory SIGKILL",
    "import-all running -",
    "c exited 0",
    "",
  ]);
  assertEquals(lines[1]?.split(/ +/).slice(4), ["1.0s", "-", "2.0s", "1.0M", "sleep", "1"]);
  // deno-lint-ignore no-control-regex
  assertEquals(lines.some((line) => /[\u0000-\u001f]/.test(line)), false);
});

Deno.test("renderTaskTable() has lines that fit, and names and states in each", () => {
  const usual = { state: "out of memory", code: null, signal: "SIGKILL", ended: 2000 } as const;
  const tasks = [
    task(`import-${"x".repeat(150)}-1`, { ...usual, usage: usage(2e9, 1 << 20) }),
    task("b", { state: "running", code: null, processes: 12, ended: null }),
  ];
  for (const columns of [200, 90, 80, 40]) {
    const text = renderTaskTable(tasks, { columns, paint: painted });
    // deno-lint-ignore no-control-regex
    const lines = text.replaceAll(/\u001b\[\d+m/g, "").split("\n");
    assertEquals(lines.filter((line) => line.length > columns), []);
    assertMatch(lines[0] ?? "", /^TASK +STATE .*COMMAND$/);
    assertMatch(lines[1] ?? "", /^import.*-1 +out-of-memory /);
    assertMatch(lines[2] ?? "", /^b +running .*sleep 1$/);
    assertEquals(text.includes("\u001b[31mout-of-memory\u001b[0m "), true);
  }
  assertMatch(renderTaskTable(tasks.slice(1), { columns: 80 }), /^TASK STATE {3}STATUS STARTED /);
});
