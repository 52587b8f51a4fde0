import { assertEquals, assertMatch } from "@std/assert";
import { isLogOf } from "../../src/logs/remove_logs.ts";
import { answers } from "../batch.ts";
import {
  cgroupTest,
  exec,
  exists,
  LANCO,
  OWNER_GROUP,
  shell,
  STRANGER,
  type TestNamespace,
  until,
} from "../harness.ts";

async function json(ns: TestNamespace, ...args: string[]) {
  return JSON.parse((await ns.lanco(...args)).stdout);
}

async function run(ns: TestNamespace, task: string, ...options: string[]): Promise<string> {
  await ns.must("run", ...options, task, "true");
  await ns.gone(task);
  return ns.record(task).run;
}

/** The names of the tasks of which anything is known. */
async function known(ns: TestNamespace): Promise<string> {
  return Object.keys((await json(ns, "ls", "-a", "--json")).tasks).join(" ");
}

cgroupTest("forget removes the records, marks and counters of what has ended", async (ns) => {
  const first = await run(ns, "a");
  const last = await run(ns, "a");
  await run(ns, "b");
  await ns.must("run", "live", "true");
  await ns.gone("live");
  await ns.must("run", "live", "sleep", "1000");
  const told = await json(ns, "forget", "--json", "a");
  assertEquals(told.tasks.a, {
    runs: [first, last],
    logs: [],
    left: 0,
    why: null,
    exitStatus: 0,
  });
  assertEquals(await known(ns), "b live");
  assertEquals(ns.traces().filter((path) => /-a$/.test(path)), []);
  assertEquals(exists(`${ns.logs}/task-a.log`), true);
  assertEquals((await ns.lanco("status", "a")).code, 3);
  const unknown = await ns.lanco("forget", "a");
  assertEquals(unknown.code, 3);
  assertMatch(unknown.stderr, /nothing is known of task a/);
  // The record of what runs stays, those of its earlier runs do not.
  const running = await ns.lanco("forget", "--json", "live");
  assertEquals([running.code, JSON.parse(running.stdout).tasks.live.left], [4, 1]);
  assertMatch(running.stderr, /task live is running: the record of this run stays/);
  assertEquals((await json(ns, "ls", "--runs", "--json", "live")).count, 1);
  await ns.must("forget", "--all");
  assertEquals(await known(ns), "live");
  assertEquals((await ns.lanco("check", "live")).code, 0);
  await ns.must("stop", "--now", "live");
  assertEquals((await json(ns, "status", "--json", "live")).state, "killed");
  await ns.must("forget", "l*");
  assertEquals(await known(ns), "");
  assertEquals(ns.traces().filter((path) => /\/(runs|\.runs)\//.test(path)), []);
});

cgroupTest("forget selects by patterns, labels and age", async (ns) => {
  await run(ns, "a-1", "--label", "k=x");
  await run(ns, "a-1", "--label", "k=y");
  await run(ns, "a-2", "--label", "k=x");
  await run(ns, "b");
  await ns.must("forget", "--label", "k=x");
  assertEquals(
    (await json(ns, "ls", "--runs", "--json")).runs.map(
      ({ task, labels }: { task: string; labels: unknown }) => [task, labels],
    ),
    [["a-1", { k: "y" }], ["b", {}]],
  );
  await ns.must("forget", "--older-than", "1h", "--all");
  assertEquals(await known(ns), "a-1 b");
  await shell(`touch -d '2 hours ago' ${ns.runDirectory("b")}/status`);
  await ns.must("forget", "--older-than", "90m", "*");
  assertEquals(await known(ns), "a-1");
  const none = await ns.lanco("forget", "x*");
  assertEquals(none.code, 0);
  assertMatch(none.stderr, /no task is on record whose name matches "x\*"/);
  await ns.must("forget", "--older-than", "0", "--label", "k", "a*");
  assertEquals(await known(ns), "");
  await ns.must("forget", "--all");
});

cgroupTest("forget --logs removes logs, but none that others may need", async (ns) => {
  for (let i = 0; i < 3; i++) await run(ns, "a");
  await run(ns, "a.log.1");
  await run(ns, "shared", "-l", `${ns.logs}/all.log`);
  await run(ns, "shared", "-l", `${ns.logs}/all.log`, "--keep", "0");
  await run(ns, "elsewhere", "-l", `${ns.scratch}/x.log`);
  await shell(`cd ${ns.logs} && gzip -c task-a.log.2 >task-a.log.3.gz && touch task-ab.log`);
  await shell(
    `touch -d '2 days ago' ${ns.directory}/runs/*-a/status; touch ${ns.runDirectory("a")}/status`,
  );
  const old = await json(ns, "forget", "--json", "--logs", "--older-than", "1d", "a");
  assertEquals(old.tasks.a.logs.sort(), [1, 2].map((i) => `${ns.logs}/task-a.log.${i}`));
  assertEquals(exists(`${ns.logs}/task-a.log`), true);
  const all = await ns.lanco("forget", "--json", "--logs", "a");
  assertEquals(JSON.parse(all.stdout).tasks.a.logs.sort(), [
    `${ns.logs}/task-a.log`,
    `${ns.logs}/task-a.log.3.gz`,
  ]);
  const names = [...Deno.readDirSync(ns.logs)].map(({ name }) => name);
  assertEquals(names.filter((name) => name.startsWith("task-")).sort(), [
    "task-a.log.1.log",
    "task-ab.log",
  ]);
  const kept = await ns.lanco("forget", "--logs", "elsewhere");
  assertEquals(kept.code, 0);
  assertMatch(kept.stderr, /the log ".*\/x\.log" is kept/);
  assertEquals(exists(`${ns.scratch}/x.log`), true);
});

cgroupTest("forget --logs removes logs of which nothing is on record any more", async (ns) => {
  for (const task of ["a", "a.log.1", "b-1", "b-2"]) await run(ns, task);
  await run(ns, "c", "--label", "k=v");
  // After a boot of the host there are no records, and no marks of what has ended.
  for (const directory of [`${ns.directory}/runs`, `${ns.logs}/.runs`]) {
    for (const { name } of Deno.readDirSync(directory)) {
      await exec(["rm", "-r", `${directory}/${name}`]);
    }
  }
  await shell(`cd ${ns.logs} && touch -d '2 days ago' task-b-2.log && touch other.log`);
  const logs = () =>
    [...Deno.readDirSync(ns.logs)].map(({ name }) => name)
      .filter((name) => name.endsWith(".log")).sort();
  assertEquals((await ns.lanco("forget", "a")).code, 3);
  await ns.must("forget", "--logs", "--label", "k=v");
  assertEquals(logs().length, 6);
  await ns.must("forget", "--logs", "--older-than", "1d", "b-*");
  assertEquals(logs().includes("task-b-1.log"), true);
  assertEquals(logs().includes("task-b-2.log"), false);
  await ns.must("forget", "--logs", "a");
  await ns.must("run", "a", "sleep", "1000");
  await ns.must("forget", "--logs", "--all");
  assertEquals(logs(), ["other.log", "task-a.log"]);
  assertEquals((await ns.lanco("forget", "--logs", "b-1")).code, 3);
});

cgroupTest("forget --logs removes no log that a run makes meanwhile", async (ns) => {
  const log = `${ns.logs}/task-a.log`;
  const held = async (seconds: number): Promise<boolean> => {
    await run(ns, "a");
    const delay = `inject=rename,renameat,renameat2,unlink:delay_enter=${seconds * 1e6}`;
    const tracer = ["strace", "-qq", "-o", "/dev/null", "-P", log, "-e", delay];
    let isOver = false;
    const forget = exec([...tracer, LANCO, ns.name, "forget", "--logs", "a"])
      .finally(() => isOver = true);
    await until("its record is removed", () => !exists(ns.runDirectory("a")));
    await ns.must("run", "a", "sh", "-c", "echo new; exec sleep 1000");
    const wasHeld = !isOver;
    // 4, for by now it runs.
    assertEquals((await forget).code, wasHeld ? 4 : 0);
    if (wasHeld) assertEquals(ns.log("a"), "new\n");
    await ns.must("stop", "--now", "a");
    return wasHeld;
  };
  // Longer where a run takes so long.
  for (let seconds = 2; !await held(seconds); seconds *= 2) continue;
  assertEquals([...Deno.readDirSync(ns.logs)].filter(({ name }) => /^\.forg/.test(name)), []);
});

cgroupTest("forget refuses what is wrong, and removes nothing", async (ns) => {
  await run(ns, "a");
  const cases: [string[], RegExp][] = [
    [[], /which task\? Give its name, a pattern, --label or --all/],
    [["a", "b*"], /"a" is a name/],
    [["--all", "a*"], /--all leaves nothing/],
    [["--older-than", "30d"], /which task/],
    ...["-1", "1e9", "5x", "", "m", "1h30m", "999999999d"].map((text): [string[], RegExp] => [
      [`--older-than=${text}`, "a"],
      /older-than needs (a duration|a value)/,
    ]),
  ];
  for (const [args, text] of cases) {
    const { code, stdout, stderr } = await ns.lanco("forget", ...args);
    assertEquals([code, stdout], [2, ""], args.join(" "));
    assertMatch(stderr, text);
  }
  const stranger = await ns.lancoWith({ uid: STRANGER }, "forget", "a");
  assertEquals(stranger.code, 6);
  const member = await ns.lancoWith({ uid: STRANGER, groups: [OWNER_GROUP] }, "forget", "a");
  assertEquals(member.code, 6);
  assertMatch(member.stderr, /the record of task a belongs to games/);
  assertEquals(await known(ns), "a");
  assertEquals((await ns.lancoWith({ uid: 0 }, "forget", "a")).code, 0);
  assertEquals(await known(ns), "");
});

cgroupTest("forget never removes the record of a run that begins meanwhile", async (ns) => {
  for (let i = 0; i < 5; i++) {
    await run(ns, "a");
    const all = Promise.all([1, 2, 3, 4].map(() => ns.lanco("forget", "--all")));
    await ns.must("run", "a", "sleep", "1000");
    for (const { code } of await all) assertEquals(code, 0);
    assertEquals((await json(ns, "status", "--json", "a")).command, ["sleep", "1000"]);
    await ns.must("stop", "--now", "a");
    assertEquals((await json(ns, "status", "--json", "a")).signal, "SIGKILL");
  }
});

cgroupTest("lines of a batch forget tasks", async (ns) => {
  await run(ns, "a", "--label", "k=v");
  await run(ns, "b");
  const told = await answers(
    ns,
    { id: 1, command: "forget", label: ["k=v"], olderThan: 0, logs: true },
    { id: 2, command: "forget", task: "b", olderThan: "1h" },
    { id: 3, command: "forget", all: true, olderThan: "x" },
  );
  told.sort((x, y) => x.id - y.id);
  assertEquals(told.map(({ exitStatus }) => exitStatus), [0, 0, 2]);
  assertEquals(told[0].output.tasks.a.logs, [`${ns.logs}/task-a.log`]);
  assertEquals(await known(ns), "b");
});

Deno.test("isLogOf() knows the log of a task and those that rotation has made of it", () => {
  const names = ["task-a.log", "task-a.log.1", "task-a.log.12.gz", "task-a.log-20260101"];
  const others = ["task-ab.log", "task-a.log.1.log", "task-a.logs", "task-a.log.x", "a.log"];
  assertEquals(names.filter((name) => !isLogOf(name, "a")), []);
  assertEquals(others.filter((name) => isLogOf(name, "a")), []);
});

cgroupTest("forget tells of a task called __proto__", async (ns) => {
  await ns.must("run", "__proto__", "true");
  await ns.gone("__proto__");
  const { stdout } = await ns.lanco("forget", "--json", "__proto__");
  assertMatch(stdout, /"tasks":\{"__proto__":\{.*"runs":\["/);
});
