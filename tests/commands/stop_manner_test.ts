import { assert, assertEquals, assertMatch } from "@std/assert";
import { answers } from "../batch.ts";
import { cgroupTest, lives, type TestNamespace, until } from "../harness.ts";

/** A command that tells of each signal, and so does its child. */
const TELLS = `tell() { trap "echo $1 TERM" TERM; trap "echo $1 HUP" HUP; trap "echo $1 USR1" USR1
echo $1 ready; while :; do sleep 0.05; done; }
tell child & tell command`;

async function running(ns: TestNamespace, ...options: string[]) {
  await ns.must("run", ...options, "a", "sh", "-c", TELLS);
  await until(
    "both are ready",
    () => /child ready/.test(ns.log("a")) && /command ready/.test(ns.log("a")),
  );
}

async function heard(ns: TestNamespace, ...words: string[]): Promise<string[]> {
  await ns.must("stop", ...words, "a");
  const told = ns.log("a").split("\n").filter((line) => /TERM|HUP|USR1/.test(line));
  return [...new Set(told)].sort();
}

cgroupTest("stop sends the signal and waits the time that run was told", async (ns) => {
  await running(ns, "--stop-signal", "HUP", "--stop-timeout", "1.5s");
  const begin = performance.now();
  assertEquals(await heard(ns), ["child HUP", "command HUP"]);
  const took = performance.now() - begin;
  assert(took >= 1500 && took < 20_000, `${took} ms`);
  const { stop, stopped } = JSON.parse(await ns.must("status", "--json", "a"));
  assertEquals(stop, { signal: "SIGHUP", timeout: 1500 });
  assertEquals(stopped.signal, "SIGHUP");
  assertMatch(await ns.must("status", "a"), /\n {2}stop {8}SIGHUP, after 1\.5 s SIGKILL\n/);
});

cgroupTest(
  "with --stop-main the signal goes to the command, and in the end all are killed",
  async (ns) => {
    await running(ns, "--stop-main", "--stop-timeout", "1");
    const members = ns.task("a");
    assertEquals(await heard(ns), ["command TERM"]);
    assertEquals(members.filter(lives), []);
    assertEquals(ns.record("a").stop, { timeout: 1000, main: true });
  },
);

cgroupTest("the options of stop win over those of run", async (ns) => {
  const run = ["--stop-signal", "HUP", "--stop-timeout", "1h", "--stop-main"];
  await running(ns, ...run);
  assertEquals(await heard(ns, "-t", "1"), ["command HUP"]);
  await running(ns, ...run);
  assertEquals(await heard(ns, "-t", "1", "-s", "USR1", "--main=no"), [
    "child USR1",
    "command USR1",
  ]);
  await running(ns, ...run);
  assertEquals(await heard(ns, "--now"), []);
  await running(ns);
  assertEquals(await heard(ns, "-t", "1", "--main"), ["command TERM"]);
});

cgroupTest("the signal goes to all if the command has ended", async (ns) => {
  const child = `trap "echo child TERM; exit" TERM; echo ready; while :; do sleep 0.05; done`;
  await ns.must("run", "--stop-main", "a", "sh", "-c", `(${child}) & exit 0`);
  await until("the command has ended", () => ns.status("a") === 0 && /ready/.test(ns.log("a")));
  assertEquals(await heard(ns), ["child TERM"]);
});

cgroupTest("a paused task acts on the signal that goes to its command alone", async (ns) => {
  await running(ns, "--stop-main", "--stop-signal", "USR1", "--stop-timeout", "1");
  await ns.must("pause", "a");
  assertEquals(await heard(ns), ["command USR1"]);
});

cgroupTest("root's stop has the owner's process heed what run was told", async (ns) => {
  await running(ns, "--stop-signal", "HUP", "--stop-timeout", "1", "--stop-main");
  const { code, stderr } = await ns.lancoWith({ uid: 0 }, "stop", "a");
  assertEquals([code, stderr], [0, ""]);
  assertMatch(ns.log("a"), /command HUP/);
  assert(!/child HUP/.test(ns.log("a")));
  await running(ns, "--stop-main");
  assertEquals((await ns.lancoWith({ uid: 0 }, "stop", "-t", "1", "--main=no", "a")).code, 0);
  assertMatch(ns.log("a"), /child TERM/);
});

cgroupTest("batch has the same as fields, and tells of them", async (ns) => {
  const fields = { stopSignal: 10, stopTimeout: "2m", stopMain: true };
  const [started] = await answers(ns, {
    command: "run",
    task: "a",
    args: ["sleep", "1000"],
    ...fields,
  });
  assertEquals(started.output.stop, { signal: "SIGUSR1", timeout: 120_000, main: true });
  const [stopped] = await answers(ns, { command: "stop", task: "a", signal: "TERM", main: false });
  assertEquals([stopped.exitStatus, stopped.output.tasks.a.stopped], [0, true]);
});

cgroupTest("what cannot stop a task is refused, and nothing is started", async (ns) => {
  const wrong: [string[], RegExp][] = [
    [["--stop-signal", "FOO"], /unknown signal "FOO"/],
    [["--stop-signal", "0"], /unknown signal "0"/],
    [["--stop-signal", "KILL"], /option --stop-signal: a process cannot act on SIGKILL: give/],
    [["--stop-signal", "19"], /option --stop-signal: a process cannot act on SIGSTOP: give/],
    [["--stop-timeout", "0"], /option --stop-timeout needs a duration such as 90s, 15m or 2h/],
    [["--stop-timeout", "infinity"], /option --stop-timeout needs a duration/],
    [["--stop-timeout", "25h"], /from 0\.1s to 1d, not "25h"/],
    [["--stop-main=yes"], /option --stop-main takes no value/],
  ];
  for (const [words, message] of wrong) {
    const { code, stderr } = await ns.lanco("run", ...words, "a", "true");
    assertEquals(code, 2, words.join(" "));
    assertMatch(stderr, message);
  }
  assertEquals(await ns.tracesAtRest(), []);
  const { code, stderr } = await ns.lanco("stop", "--main=perhaps", "a");
  assertEquals(code, 2);
  assertMatch(stderr, /option --main takes yes or no, not "perhaps"/);
});
