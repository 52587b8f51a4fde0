import { assertEquals, assertMatch } from "@std/assert";
import { answers } from "../batch.ts";
import { cgroupTest, OWNER_GROUP, STRANGER, type TestNamespace, until } from "../harness.ts";
import { listen } from "./listener.ts";

async function json(ns: TestNamespace, ...args: string[]) {
  return JSON.parse((await ns.lanco(...args)).stdout);
}

cgroupTest("the labels of a run are told wherever it is told of", async (ns) => {
  const labels = { customer: "0042", note: "a = b, ü", empty: "" };
  const words = Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
  const started = await json(
    ns,
    "run",
    "--json",
    ...words,
    "--label",
    "note=a = b, ü",
    "a",
    "sleep",
    "1000",
  );
  assertEquals(started.labels, labels);
  assertEquals(ns.record("a").labels, labels);
  const told = async () => [
    (await json(ns, "status", "--json", "a")).labels,
    (await json(ns, "ls", "-a", "--json")).tasks.a.labels,
    (await json(ns, "ls", "--runs", "--json")).runs[0].labels,
    (await json(ns, "check", "--json", "a")).tasks.a.labels,
    (await json(ns, "wait", "--json", "-t", "0", "a")).tasks.a.labels,
  ];
  assertEquals(await told(), Array(5).fill(labels));
  assertEquals((await json(ns, "dump")).tasks.a.labels, labels);
  const { heard, ready, ends, stop } = listen(ns);
  await ready();
  const [, present] = (await ns.firstLines(3, ["events", "--json"])).trim().split("\n");
  assertEquals(JSON.parse(present ?? "").labels, labels);
  assertMatch(
    await ns.must("status", "a"),
    /\n {2}labels {6}customer=0042, note=a = b, ü, empty=\n/,
  );
  assertEquals((await json(ns, "stop", "--now", "--json", "a")).tasks.a.labels, labels);
  await ends(1);
  await stop();
  assertEquals(heard.filter(({ event }) => event === "end").map((end) => end.labels), [labels]);
  assertEquals(await told(), Array(5).fill(labels));
  assertEquals((await json(ns, "dump")).finished.a.labels, labels);
  await ns.must("run", "b", "true");
  assertEquals((await json(ns, "status", "--json", "b")).labels, {});
});

cgroupTest("ls, dump and events select tasks by labels", async (ns) => {
  const start = (task: string, ...labels: string[]) =>
    ns.must("run", ...labels.flatMap((label) => ["--label", label]), task, "sleep", "1000");
  const following = listen(ns, "--label", "kind=x");
  await following.ready();
  await start("a", "kind=x", "size=1");
  await start("b", "kind=x");
  await start("c", "kind=y");
  await start("d");
  await ns.must("stop", "--now", "b");
  const listed = async (...args: string[]) =>
    Object.keys((await json(ns, "ls", "--json", ...args)).tasks);
  assertEquals(await listed("--label", "kind=x"), ["a"]);
  assertEquals(await listed("-a", "--label", "kind=x"), ["a", "b"]);
  assertEquals(await listed("-a", "--label", "kind"), ["a", "b", "c"]);
  assertEquals(await listed("-a", "--label", "kind", "--label", "size=1"), ["a"]);
  assertEquals(await listed("-a", "--label", "kind", "[bc]"), ["b", "c"]);
  assertEquals(await listed("-a", "--label", "toString"), []);
  const dump = await json(ns, "dump", "--label=kind=x");
  assertEquals([Object.keys(dump.tasks), Object.keys(dump.finished)], [["a"], ["b"]]);
  // Each run has labels of its own.
  await start("b", "kind=y");
  assertEquals(await listed("-a", "--label", "kind=x"), ["a"]);
  const { runs } = await json(ns, "ls", "--runs", "--json", "--label", "kind=x");
  assertEquals(runs.map(({ task }: { task: string }) => task), ["a", "b"]);
  await ns.must("stop", "--now", "a", "b", "c", "d");
  await following.ends(2);
  await following.stop();
  assertEquals(following.heard.map(({ event, task }) => [event, task]), [
    ["ready", null],
    ["start", "a"],
    ["start", "b"],
    ["end", "b"],
    ["end", "a"],
  ]);
});

cgroupTest("labels that cannot be are refused, and nothing is started", async (ns) => {
  const many = Array.from({ length: 65 }, (_, i) => ["--label", `l${i}=x`]).flat();
  const cases: [string[], RegExp][] = [
    [["--label", "x"], /--label must be NAME=VALUE, not "x"/],
    [["--label", "=x"], /--label must be NAME=VALUE/],
    [["--label", "a=\x1b[31m"], /the label "a" has characters that cannot be printed/],
    [["--label", "a\u202e=x"], /has characters that cannot be printed/],
    [many, /a run can have 64 labels/],
    [["--label", `a=${"x".repeat(16_384)}`], /can have 16384 bytes together, not 16385/],
  ];
  for (const [args, text] of cases) {
    const { code, stdout, stderr } = await ns.lanco("run", ...args, "a", "true");
    assertEquals([code, stdout], [2, ""], args[1]);
    assertMatch(stderr, text);
  }
  assertEquals((await ns.lanco("ls", "--label", "=x")).code, 2);
  assertEquals(await ns.tracesAtRest(), []);
  await ns.must(
    "run",
    ...many.slice(4),
    "--label",
    `b=${"x".repeat(16_000)}`.slice(0, 9000),
    "a",
    "true",
  );
});

cgroupTest("lines of a batch give and select labels", async (ns) => {
  const told = await answers(
    ns,
    { id: 1, command: "run", task: "a", args: ["sleep", "1000"], label: { k: "v", n: "" } },
    { id: 2, command: "status", task: "a" },
    { id: 3, command: "run", task: "b", args: ["true"], label: { "k=v": "v" } },
    { id: 4, command: "run", task: "b", args: ["true"], label: ["k=v"] },
    { id: 5, command: "run", task: "b", args: ["true"], label: { k: "\n" } },
  );
  told.sort((x, y) => x.id - y.id);
  assertEquals(told.map(({ exitStatus }) => exitStatus), [0, 0, 2, 2, 2]);
  assertEquals(told[1].output.labels, { k: "v", n: "" });
  const [ls] = await answers(ns, { command: "ls", label: ["k=v", "n"] });
  assertEquals(Object.keys(ls.output.tasks), ["a"]);
  await ns.must("stop", "--now", "a");
});

cgroupTest("a member of the group may select by labels, a stranger may not", async (ns) => {
  await ns.must("run", "--label", "k=v", "a", "sleep", "1000");
  await until("it runs", () => ns.task("a").length === 1);
  const args = ["ls", "--json", "--label", "k=v"];
  const member = await ns.lancoWith({ uid: STRANGER, groups: [OWNER_GROUP] }, ...args);
  assertEquals([member.code, Object.keys(JSON.parse(member.stdout).tasks)], [0, ["a"]]);
  const stranger = await ns.lancoWith({ uid: STRANGER }, ...args);
  assertEquals([stranger.code, stranger.stdout], [6, ""]);
  assertMatch(
    stranger.stderr,
    /the records of namespace .* are for its owner and group only: ask as one of them, or with sudo/,
  );
  assertEquals((await ns.lancoWith({ uid: 0 }, ...args)).code, 0);
  const { tasks } = JSON.parse((await ns.lancoWith({ uid: STRANGER }, "ls", "--json")).stdout);
  assertEquals(tasks.a.labels, {});
  await ns.must("stop", "--now", "a");
});
