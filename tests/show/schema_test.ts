import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { manualPage } from "../../src/extras/man.ts";
import { describe } from "../../src/show/describe.ts";
import { SCHEMAS as TYPED } from "../../src/show/schema.ts";
import { list, nullable, object, type Schema, text, word } from "../../src/show/schema_types.ts";
import { cgroupTest, HAS_CONTROLLERS, type TestNamespace, until } from "../harness.ts";
import { departures } from "./conform.ts";

const SCHEMAS: Readonly<Record<string, Schema>> = TYPED;

/** Runs a command, checks that it prints one line of JSON by its schema, and returns that. */
async function conforming(ns: TestNamespace, status: number, command: string, ...args: string[]) {
  const json = command === "dump" ? [] : ["--json"];
  const { code, stdout } = await ns.lanco(command, ...json, ...args);
  assertEquals([code, stdout.split("\n").length], [status, 2], `${command} ${args}`);
  const output = JSON.parse(stdout);
  assertEquals(departures(output, SCHEMAS[command] as Schema), [], `${command} ${args}`);
  return output;
}

Deno.test("departures() finds missing fields, additional fields and wrong values", () => {
  const schema = object("", { a: text(""), b: nullable(list("", word("", "x", "y"))) });
  assertEquals(departures({ a: "", b: null }, schema), []);
  assertEquals(departures({ a: "", b: ["x", "y"] }, schema), []);
  assertEquals(departures({ b: ["z"] }, schema), ["$.a is missing", '$.b[0] is "z", none of x, y']);
  assertEquals(departures({ a: 1, b: null, c: 2 }, schema), [
    "$.a is 1, not string",
    "$.c is not in the schema",
  ]);
  assertEquals(departures([], schema), ["$ is [], not object"]);
});

Deno.test("the manual describes the schema of every output", () => {
  assertStringIncludes(manualPage(), describe(SCHEMAS));
});

Deno.test("describe() fits into a terminal of 80 columns", () => {
  assertEquals(describe(SCHEMAS).split("\n").filter((line) => line.length >= 80), []);
});

cgroupTest(
  "run, check, ls, status, dump, stop and wait print JSON that conforms to the schema",
  async (ns) => {
    const sleeper = ["sh", "-c", "trap '' TERM; sleep 1000 & wait"];
    const started = await conforming(
      ns,
      0,
      "run",
      "--label",
      "k=v",
      ...(HAS_CONTROLLERS ? ["--memory", "50M"] : []),
      "a",
      ...sleeper,
    );
    assertEquals([started.task, started.pid], [
      "a",
      ns.task("a").find((pid) => pid === started.pid),
    ]);
    assertEquals(started.shim, ns.shim("a"));
    await ns.must("run", "paused", "sleep", "1000");
    await ns.must("pause", "paused");
    await ns.must("run", "failed", "sh", "-c", "exit 3");
    await ns.must("run", "killed", "sh", "-c", "kill -9 $$");
    await ns.gone("failed");
    await ns.gone("killed");

    await conforming(ns, 0, "check", "a");
    const checked = await conforming(ns, 3, "check", "a", "failed", "never");
    assertEquals(checked.tasks.never, {
      run: null,
      pid: null,
      labels: {},
      running: false,
      why: "task never is not running",
      exitStatus: 3,
    });
    await conforming(ns, 0, "ls", "-a");
    const listed = JSON.parse(await ns.must("ls", "--runs", "--json"));
    assertEquals(departures(listed, SCHEMAS.runs as Schema), []);
    for (const task of ["a", "paused", "failed", "killed"]) await conforming(ns, 0, "status", task);
    const dump = await conforming(ns, 0, "dump");
    assertEquals(Object.keys(dump.tasks).sort(), ["a", "paused"]);
    assertEquals(Object.keys(dump.finished).sort(), ["failed", "killed"]);
    await conforming(ns, 124, "wait", "-t", "0.1", "a", "failed");
    const waited = await conforming(ns, 3, "wait", "failed", "killed");
    const { run, pid } = ns.record("killed");
    const killed = {
      run,
      pid,
      labels: {},
      ended: true,
      status: 137,
      code: null,
      signal: "SIGKILL",
      timedOut: false,
    };
    assertEquals(waited.tasks.killed, { ...killed, why: null, exitStatus: 137 });
    await conforming(ns, 125, "wait", "never", "failed");
    const stopped = await conforming(ns, 3, "stop", "--now", "a", "failed");
    assertEquals([stopped.tasks.a.stopped, stopped.tasks.failed.stopped], [true, false]);
    assertEquals((await conforming(ns, 0, "status", "a")).stopped.signal, "SIGKILL");
  },
);

cgroupTest("command lines that are not UTF-8, or long, are valid JSON", async (ns) => {
  // lanco takes UTF-8 arguments only, but a task can execute a program with others.
  const script = `exec sh -c 'sleep 1000; :' "$(printf '\\377\\033[31m"\\\\')" "$0"`;
  await ns.must("run", "a", "sh", "-c", script, "x".repeat(100_000));
  await until("the task has executed that program", () => {
    const [pid = 0] = ns.task("a");
    return Deno.readFileSync(`/proc/${pid}/cmdline`).includes(0xff);
  });
  for (const command of ["dump", "ls"]) {
    const output = await conforming(ns, 0, command);
    const { cmdline } = output.tasks.a.processes[0];
    assert(
      cmdline.includes('\ufffd [31m"\\ xxx') && cmdline.length > 100_000,
      cmdline.slice(0, 90),
    );
  }
  const tree = await ns.must("ls");
  assert(tree.split("\n").every((line) => line.length < 80), tree);
});
