import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseRunChoice } from "../../src/commands/run_option.ts";
import { makeRunId } from "../../src/task/run_id.ts";
import { answers } from "../batch.ts";
import { cgroupTest, exec, OWNER_GROUP, shell, STRANGER, type TestNamespace } from "../harness.ts";

/** Runs a task that prints a word, and waits for its end; returns the id of the run. */
async function run(ns: TestNamespace, task: string, word: string, status = 0): Promise<string> {
  await ns.must("run", task, "sh", "-c", `echo ${word}; exit ${status}`);
  await ns.gone(task);
  return ns.record(task).run;
}

const json = async (ns: TestNamespace, ...args: string[]) => JSON.parse(await ns.must(...args));

Deno.test("parseRunChoice() reads ids of runs and numbers from 0 down", () => {
  const id = "01m8k8c4pwc2b1rha7kk9y6fjh";
  assertEquals(["0", "-1", "-10", id, "4711"].map((text) => parseRunChoice(text, "x")), [
    0,
    -1,
    -10,
    id,
    "4711",
  ]);
});

cgroupTest("status, dump, wait and logs are about the run that --run names", async (ns) => {
  const [one, two] = [await run(ns, "a", "one", 3), await run(ns, "a", "two")];
  await run(ns, "b", "other");
  await ns.must("run", "a", "sh", "-c", "echo three; sleep 1000");
  const { run: three } = ns.record("a");
  for (
    const [choice, id, state, code, word] of [
      [one, one, "exited", 3, "one"],
      ["-2", one, "exited", 3, "one"],
      [two, two, "exited", 0, "two"],
      ["-1", two, "exited", 0, "two"],
      [three, three, "running", null, "three"],
      ["0", three, "running", null, "three"],
    ]
  ) {
    const status = await json(ns, "status", "--json", "--run", String(choice), "a");
    assertEquals([status.run, status.state, status.code], [id, state, code]);
    assert(status.pid > 0 && status.usage.cpu.total > 0);
    const dump = await json(ns, "dump", `--run=${choice}`, "a");
    const group = state === "running" ? dump.tasks : dump.finished;
    assertEquals([group.a.run, group.a.code], [id, code]);
    assertEquals(Object.keys({ ...dump.tasks, ...dump.finished }), ["a"]);
    assertEquals(await ns.must("logs", "--run", String(choice), "a"), `${word}\n`);
    const waited = await ns.lanco("wait", "--json", "-t", "0", "--run", String(choice), "a");
    const { ended, run, exitStatus } = JSON.parse(waited.stdout).tasks.a;
    assertEquals([ended, run], [state !== "running", id]);
    assertEquals([waited.code, exitStatus], Array(2).fill(code ?? 124));
  }
  assertMatch(await ns.must("status", "--run", one, "a"), /^a: exited with status 3\n/);
  // The id of a run of another task is not one of this task.
  assertEquals((await ns.lanco("status", "--run", one, "b")).code, 3);
  const dump = await json(ns, "dump", "--run", one);
  assertEquals([Object.keys(dump.tasks), Object.keys(dump.finished)], [[], ["a"]]);
  const before = await json(ns, "dump", "--run", "-1", "--finished");
  assertEquals(before.finished.a.run, two);
  await ns.must("stop", "--now", "a");
  // The run is the last one still.
  assertEquals((await json(ns, "status", "--json", "--run", three, "a")).state, "killed");
  assertEquals(await ns.must("logs", "-f", "--run", one, "a"), "one\n");
});

cgroupTest("wait --run waits for that run, and not for the next one", async (ns) => {
  await ns.must("run", "a", "sh", "-c", "sleep 1; exit 7");
  const { run: id } = ns.record("a");
  const waiting = ns.lanco("wait", "--run", id, "a");
  await ns.gone("a");
  await ns.must("run", "a", "sleep", "1000");
  assertEquals((await waiting).code, 7);
  assertEquals((await ns.lanco("wait", "--run", id, "a")).code, 7);
  await ns.must("stop", "--now", "a");
});

cgroupTest("ls --runs has a line for each run on record, the oldest first", async (ns) => {
  const ids = [await run(ns, "a", "x", 3), await run(ns, "b", "x"), await run(ns, "a", "x")];
  await ns.lanco("run", "a", "nosuch");
  await ns.must("run", "a", "sleep", "1000");
  ids.push(ns.record("a").run);
  const { count, runs } = await json(ns, "ls", "-a", "--runs", "--json");
  assertEquals([count, runs.map(({ run }: { run: string }) => run)], [4, ids]);
  assertEquals(
    runs.map(({ task, state, code }: Record<string, unknown>) => [task, state, code]),
    [["a", "exited", 3], ["b", "exited", 0], ["a", "exited", 0], ["a", "running", null]],
  );
  assert(runs[0].started > 0 && runs[0].duration >= 0 && runs[0].ended >= runs[0].started);
  const [head = "", first = "", ...more] = (await ns.must("ls", "--runs")).trim().split("\n");
  assertMatch(head, /^RUN {24}TASK STARTED {13}DURATION STATUS STATE$/);
  assertMatch(
    first,
    new RegExp(
      `^${ids[0]} a {4}\\d{4}-\\d\\d-\\d\\dT[\\d:]{8} [\\d.]+s +3 {6}exited with status 3$`,
    ),
  );
  assertEquals(more.length, 3);
  assertMatch(more[2] ?? "", / - {6}running$/);
  const lines = async (...args: string[]) =>
    (await ns.must("ls", "--runs", ...args)).trim().split("\n").length - 1;
  assertEquals(
    [await lines("b"), await lines("--running"), await lines("--finished", "a")],
    [1, 1, 2],
  );
});

cgroupTest("runs that the host took, and runs of others, are told as what they are", async (ns) => {
  const lost = makeRunId({ id: "0f8fad5b-d9cb-469f-a165-70867728950e", at: 1_700_000_000_000 });
  await run(ns, "b", "x");
  await shell(`echo ${lost} >${ns.logs}/.runs/${lost}-a`);
  const later = await run(ns, "a", "x");
  const { runs } = await json(ns, "ls", "--runs", "--json", "a");
  assertEquals(
    runs.map(({ run, state }: Record<string, unknown>) => [run, state]),
    [[lost, "lost"], [later, "exited"]],
  );
  assertEquals((await json(ns, "status", "--json", "--run", "-1", "a")).state, "lost");
  const waited = await ns.lanco("wait", "--run", lost, "a");
  assertEquals(waited.code, 125);
  assertMatch(waited.stderr, /run \w{26} of task a was lost: the host went down while it ran/);
  const log = await ns.lanco("logs", "--run", lost, "a");
  assertEquals(log.code, 1);
  assertMatch(log.stderr, /it is not known which log is that of run .*: the host went down/);
});

cgroupTest("an unknown run is answered by a line and the status for the unknown", async (ns) => {
  await run(ns, "a", "x");
  const id = "01m8k8c4pwc2b1rha7kk9y6fjh";
  for (const choice of [id, "-1", "12345"]) {
    for (
      const [command, status] of [["status", 3], ["dump", 3], ["logs", 3], ["wait", 125]] as const
    ) {
      const { code, stdout, stderr } = await ns.lanco(command, "--run", choice, "a");
      assertEquals([code, stdout, stderr.split("\n").length], [status, "", 2], command);
      assertMatch(
        stderr,
        new RegExp(`nothing is known of run ${choice}.*: see "lanco .* ls --runs`),
      );
    }
  }
  for (const choice of ["1e9", "-0x1", "../a", `${id}x`, id.toUpperCase(), "--1", "-9999999999"]) {
    for (const command of ["status", "dump", "logs", "wait"]) {
      const { code, stderr } = await ns.lanco(command, `--run=${choice}`, "a");
      assertEquals(code, 2, choice);
      assertMatch(stderr, /option --run needs the id of a run, or a number such as -1/);
    }
  }
  const both = await ns.lanco("logs", "--run", "-1", "--previous", "a");
  assertEquals(both.code, 2);
  assertMatch(both.stderr, /give one of them/);
});

cgroupTest("a member of the group may look at runs, a stranger may not", async (ns) => {
  const [one] = [await run(ns, "a", "one"), await run(ns, "a", "two")];
  const words = [["status", "a"], ["dump"], ["logs", "a"], ["wait", "a"]];
  for (const [command = "", ...task] of words) {
    const args = [command, "--run", one, ...task];
    const member = await ns.lancoWith({ uid: STRANGER, groups: [OWNER_GROUP] }, ...args);
    const timeless = (text: string) => text.replace(/"time(stamp)?":\d+/g, "");
    assertEquals(timeless(member.stdout), timeless((await ns.lanco(...args)).stdout));
    assertEquals([member.code, member.stderr], [0, ""]);
    const stranger = await ns.lancoWith({ uid: STRANGER }, ...args);
    assertEquals([stranger.code, stranger.stdout], [6, ""], command);
    const root = await ns.lancoWith({ uid: 0 }, ...args);
    assertEquals(root.code, 0);
  }
  const listed = await ns.lancoWith({ uid: STRANGER, groups: [OWNER_GROUP] }, "ls", "--runs");
  assertEquals(listed.stdout.split("\n").length, 4);
  assertEquals((await ns.lancoWith({ uid: STRANGER }, "ls", "--runs")).code, 6);
});

cgroupTest("lines of a batch have the field run", async (ns) => {
  const [one] = [await run(ns, "a", "one", 3), await run(ns, "a", "two")];
  const told = await answers(
    ns,
    { id: 1, command: "status", task: "a", run: one },
    { id: 2, command: "status", task: "a", run: -1 },
    { id: 3, command: "wait", task: "a", run: one },
    { id: 4, command: "dump", run: one },
    { id: 5, command: "ls", runs: true },
    { id: 6, command: "status", task: "a", run: -2 },
    { id: 7, command: "status", task: "a", run: 1.5 },
    { id: 8, command: "status", task: "a", run: ["x"] },
    { id: 9, command: "wait", task: "a", run: -2 },
  );
  told.sort((x, y) => x.id - y.id);
  assertEquals(told.map(({ exitStatus }) => exitStatus), [0, 0, 3, 0, 0, 3, 2, 2, 125]);
  const [status, previous, waited, dump, ls] = told.map(({ output }) => output);
  assertEquals(
    [status.run, previous.run, waited.tasks.a.run, dump.finished.a.run],
    Array(4).fill(one),
  );
  assertEquals(ls.count, 2);
});

cgroupTest("the log of a run is found by its file, whatever rotation has called it", async (ns) => {
  const [one, two] = [await run(ns, "a", "one"), await run(ns, "a", "two")];
  const three = await run(ns, "a", "three");
  const log = `${ns.logs}/task-a.log`;
  const shown = async (id: string) => (await ns.lanco("logs", "--run", id, "a")).stdout;
  // As by logrotate with "create": the numbers are no longer those of the runs.
  await shell(`mv ${log}.2 ${log}.3 && mv ${log}.1 ${log}.2 && mv ${log} ${log}.1 && : >${log}`);
  assertEquals([await shown(one), await shown(two), await shown(three)], [
    "one\n",
    "two\n",
    "three\n",
  ]);
  assertEquals(await ns.must("logs", "--previous", "a"), "two\n");
  assertEquals(await ns.must("logs", "--previous=2", "a"), "one\n");
  await shell(`mv ${log}.2 ${log}-20261129`);
  assertEquals(await shown(two), "two\n");
  await shell(`gzip ${log}-20261129`);
  const gone = await ns.lanco("logs", "--run", two, "a");
  assertEquals([gone.code, gone.stdout], [1, ""]);
  assertMatch(
    gone.stderr,
    /there is no log of run \w{26}: it was ".*task-a\.log", and was removed/,
  );
});

cgroupTest("a log that was removed is not taken for the next one with its inode", async (ns) => {
  const one = await run(ns, "a", "one");
  // With one rotated log, the file of the first run goes, and its inode number may come again.
  for (let i = 0; i < 4; i++) {
    await ns.must("run", "--keep", "1", "a", "echo", `later ${i}`);
    await ns.gone("a");
  }
  const { code, stdout } = await ns.lanco("logs", "--run", one, "a");
  assertEquals([code, stdout], [1, ""]);
});

cgroupTest(
  "logs --run finds a log elsewhere, and warns of a log that several runs share",
  async (ns) => {
    const log = `${ns.scratch}/own.log`;
    await ns.must("run", "-l", log, "a", "echo", "one");
    await ns.gone("a");
    const { run: one } = ns.record("a");
    await run(ns, "a", "two");
    assertEquals(await ns.must("logs", "--run", one, "a"), "one\n");
    assertEquals(await ns.must("logs", "--previous", "a"), "one\n");
    await shell(`mv ${log} ${log}.5`);
    assertEquals(await ns.must("logs", "--run", one, "a"), "one\n");
    // In a directory in which the owner may write no names, logs are not rotated.
    const shared = `${ns.scratch}/shared`;
    Deno.mkdirSync(shared);
    Deno.writeTextFileSync(`${shared}/log`, "");
    await exec(["chown", "games", `${shared}/log`], { uid: 0 });
    const ids: string[] = [];
    for (const word of ["first", "second"]) {
      await ns.must("run", "-l", `${shared}/log`, "b", "echo", word);
      await ns.gone("b");
      ids.push(ns.record("b").run);
    }
    const { code, stdout, stderr } = await ns.lanco("logs", "--run", ids[1] ?? "", "b");
    assertEquals([code, stdout], [0, "first\nsecond\n"]);
    assertMatch(stderr, /has the output of other runs or programs, too/);
    await ns.lanco("run", "-f", "c", "true");
    const none = await ns.lanco("logs", "--run", "0", "c");
    assertEquals(none.code, 1);
    assertMatch(none.stderr, /run \w{26} of task c has no log, its output went to its caller/);
  },
);

cgroupTest("logs -f --run follows the run that is under way, and no other", async (ns) => {
  const go = `${ns.scratch}/go`;
  await ns.must(
    "run",
    "a",
    "sh",
    "-c",
    `echo one; until [ -e ${go} ]; do sleep 0.05; done; echo two`,
  );
  const following = ns.lanco("logs", "-f", "--run", ns.record("a").run, "a");
  const log = `${ns.logs}/task-a.log`;
  await shell(`mv ${log} ${log}.1; echo other >${log}; : >${go}`);
  const { code, stdout } = await following;
  assertEquals([code, stdout], [0, "one\ntwo\n"]);
});
