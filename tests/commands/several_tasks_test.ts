import { assert, assertEquals, assertMatch } from "@std/assert";
import { readRequest } from "../../src/cli/request.ts";
import { answers } from "../batch.ts";
import {
  cgroupTest,
  exec,
  LANCO,
  OWNER_GROUP,
  shell,
  STRANGER,
  type TestNamespace,
  until,
} from "../harness.ts";

async function start(ns: TestNamespace, ...tasks: string[]): Promise<void> {
  for (const task of tasks) {
    await ns.must("run", "--label", `kind=${task[0]}`, task, "sleep", "1000");
  }
}

/** The names of the tasks that run, separated by spaces. */
async function running(ns: TestNamespace): Promise<string> {
  return Object.keys(JSON.parse(await ns.must("ls", "--json")).tasks).join(" ");
}

Deno.test("words with *, ? or [ are patterns, but not after --, nor in the field task", () => {
  const syntax = { options: {}, operands: "running tasks" as const };
  const read = (...args: string[]) => readRequest("pause", syntax, args);
  assertEquals(read("a", "b*", "c?", "[d]"), { tasks: ["a"], patterns: ["b*", "c?", "[d]"] });
  assertEquals(read("a", "--", "b"), { tasks: ["a", "b"], patterns: [] });
  for (const args of [["--", "*"], ["a*", "--", "[b]"]]) {
    let message = "";
    try {
      read(...args);
    } catch (error) {
      message = String(error);
    }
    assertMatch(message, /cannot name a task/);
  }
  const signal = { options: {}, operands: "signal" as const };
  assertEquals(readRequest("signal", signal, ["HUP", "a*", "--", "b"]), {
    signal: "HUP",
    tasks: ["b"],
    patterns: ["a*"],
  });
});

cgroupTest("stop, signal, pause, resume and wait take patterns, labels and --all", async (ns) => {
  await start(ns, "a-1", "a-2", "b-1", "c-1");
  const states = async () =>
    Object.values(
      JSON.parse(await ns.must("ls", "--json")).tasks as Record<string, { state: string }>,
    )
      .map(({ state }) => state[0]).join("");
  await ns.must("pause", "a*");
  assertEquals(await states(), "pprr");
  await ns.must("pause", "--all");
  assertEquals(await states(), "pppp");
  await ns.must("resume", "--label", "kind=a");
  assertEquals(await states(), "rrpp");
  await ns.must("resume", "[bc]-?");
  const timedOut = await ns.lanco("wait", "-t", "0", "--json", "?-1", "--label", "kind");
  assertEquals([timedOut.code, Object.keys(JSON.parse(timedOut.stdout).tasks)], [
    124,
    ["a-1", "b-1", "c-1"],
  ]);
  await ns.must("signal", "KILL", "b*", "--label=kind=b");
  await ns.gone("b-1");
  const waiting = ns.lanco("wait", "--all");
  await until(
    "it waits",
    async () => (await shell(`pgrep -fx '${LANCO} ${ns.name} wait --all'`)).code === 0,
  );
  const { tasks } = JSON.parse(await ns.must("stop", "--json", "a*", "--label", "kind=a"));
  assertEquals(Object.keys(tasks), ["a-1", "a-2"]);
  assertEquals(await running(ns), "c-1");
  await ns.must("stop", "--all", "--now");
  assertEquals(await running(ns), "");
  assert([137, 143].includes((await waiting).code));
});

cgroupTest("a pattern that selects nothing is no error, and is said", async (ns) => {
  await start(ns, "a");
  await ns.must("run", "over", "true");
  await ns.gone("over");
  for (const command of ["stop", "pause", "resume", "wait", "signal"]) {
    const words = command === "signal" ? ["signal", "HUP"] : [command];
    const none = await ns.lanco(...words, "o*", "x?");
    assertEquals([none.code, none.stdout], [0, ""], command);
    assertMatch(
      none.stderr,
      /no task runs whose name matches "o\*"\n.*no task runs whose name matches "x\?"\n$/,
    );
    const label = await ns.lanco(...words, "--label", "kind=x");
    assertEquals(label.code, 0);
    assertMatch(label.stderr, /no task runs that has these labels/);
  }
  await ns.must("stop", "--now", "a");
  const all = await ns.lanco("stop", "--all");
  assertEquals(all.code, 0);
  assertMatch(all.stderr, /no task runs/);
});

cgroupTest("what cannot be selected is refused, and nothing is done", async (ns) => {
  await start(ns, "a", "b");
  const cases: [string[], RegExp][] = [
    [["stop"], /which task\? Give its name, a pattern, --label or --all/],
    [["stop", "a", "b*"], /"a" is a name: give either names, or patterns/],
    [["stop", "a", "--label", "kind=a"], /"a" is a name/],
    [["stop", "--all", "a*"], /--all leaves nothing to patterns/],
    [["stop", "[a"], /"\[a" is no pattern/],
    [["stop", "--", "*"], /cannot name a task/],
    [["pause", "--label", "=x", "a"], /"=x" cannot be the name of a label: it needs a character/],
    [["wait"], /which task/],
    [["signal", "NOPE", "*"], /signal/],
    [["check", "*"], /cannot name a task/],
  ];
  for (const [args, text] of cases) {
    const { code, stdout, stderr } = await ns.lanco(...args);
    assertEquals([code, stdout], [2, ""], args.join(" "));
    assertMatch(stderr, text);
  }
  assertEquals(await running(ns), "a b");
  for (const groups of [[], [OWNER_GROUP]]) {
    const denied = await ns.lancoWith({ uid: STRANGER, groups }, "stop", "*");
    assertEquals([denied.code, denied.stdout], [6, ""]);
  }
  const labels = await ns.lancoWith({ uid: STRANGER }, "stop", "--label", "kind=a");
  assertEquals(labels.code, 6);
  assertEquals(await running(ns), "a b");
});

cgroupTest("root stops by patterns and --all, and reads no labels of others", async (ns) => {
  await start(ns, "a-1", "a-2", "b");
  const root = (...args: string[]) => ns.lancoWith({ uid: 0 }, ...args);
  const refused = await root("stop", "--label", "kind=a");
  assertEquals(refused.code, 6);
  assertMatch(refused.stderr, /root reads no labels of others/);
  assertEquals((await root("pause", "--label", "kind=a")).code, 0);
  assertEquals((await root("stop", "--now", "a*")).code, 0);
  assertEquals(await running(ns), "b");
  assertEquals((await root("stop", "--all", "--now")).code, 0);
  assertEquals(await running(ns), "");
});

cgroupTest("stop --all asks on a terminal, unless --yes is given", async (ns) => {
  await start(ns, "a", "b");
  const terminal = (answer: string, ...args: string[]) =>
    exec([
      "sh",
      "-c",
      `printf '${answer}' | script -qec '${LANCO} ${ns.name} stop --now --all ${
        args.join(" ")
      }' /dev/null`,
    ]);
  const no = await terminal("n\\n");
  assertMatch(no.stdout, /a\r\nb\r\nStop these 2 tasks\? \[y\/N\] /);
  assertMatch(no.stdout, /nothing was stopped/);
  assertEquals(no.code, 1);
  assertEquals(await running(ns), "a b");
  assertEquals((await terminal("y\\n")).code, 0);
  assertEquals(await running(ns), "");
  await start(ns, "a");
  const yes = await terminal("", "--yes");
  assertEquals([yes.code, /\[y\/N\]/.test(yes.stdout)], [0, false]);
  assertEquals(await running(ns), "");
});

cgroupTest("in a batch, what selects tasks comes after all lines before it", async (ns) => {
  const told = await answers(
    ns,
    { id: 1, command: "run", task: "a", args: ["sleep", "1000"], label: { k: "v" } },
    { id: 2, command: "run", task: "b", args: ["sleep", "1000"] },
    { id: 3, command: "pause", label: ["k=v"] },
    { id: 4, command: "ls" },
    { id: 5, command: "stop", args: ["*"], now: true },
    { id: 6, command: "stop", task: "*" },
    { id: 7, command: "wait", all: true },
  );
  told.sort((x, y) => x.id - y.id);
  assertEquals(told.map(({ exitStatus }) => exitStatus), [0, 0, 0, 0, 0, 2, 0]);
  assertEquals(Object.keys(told[4].output.tasks), ["a", "b"]);
  assertEquals(await running(ns), "");
});
