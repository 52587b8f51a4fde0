import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeRunId } from "../../src/task/run_id.ts";
import { answers } from "../batch.ts";
import { cgroupTest, exec, exists, LANCO, shell, start, type TestNamespace } from "../harness.ts";
import { crash, onceMarks, OTHER_BOOT } from "../reboot.ts";

const once = (ns: TestNamespace, ...args: string[]) => ns.lanco("run", "--once", ...args);

async function json(ns: TestNamespace, ...args: string[]) {
  return JSON.parse((await ns.lanco(...args)).stdout);
}

cgroupTest("run --once starts nothing if a run of this name is on record", async (ns) => {
  await once(ns, "a", "sh", "-c", `echo x >>${ns.scratch}/ran; exit 3`);
  await ns.gone("a");
  const again = await once(ns, "a", "sh", "-c", `echo x >>${ns.scratch}/ran`);
  assertEquals([again.code, again.stdout], [4, ""]);
  assertMatch(
    again.stderr,
    /\[WARN\/run\] task a is on record: see ".* status a", and ".* forget a" /,
  );
  assertEquals(Deno.readTextFileSync(`${ns.scratch}/ran`), "x\n");
  // A run without --once is on record, too, and may follow one with it.
  await ns.must("run", "b", "true");
  await ns.gone("b");
  assertEquals((await once(ns, "b", "true")).code, 4);
  await ns.must("run", "a", "true");
  await ns.gone("a");
  // One that runs is told as such.
  await once(ns, "c", "sleep", "1000");
  assertMatch((await once(ns, "c", "true")).stderr, /task c is already running/);
  assertEquals((await json(ns, "status", "--json", "c")).once, true);
  assertEquals((await json(ns, "status", "--json", "b")).once, false);
  // A launch that fails is none.
  assertEquals((await once(ns, "d", "nosuch")).code, 127);
  await shell(`printf '#!/no/such\\n' >${ns.scratch}/x; chmod 755 ${ns.scratch}/x`);
  assertEquals((await once(ns, "d", `${ns.scratch}/x`)).code, 127);
  assertEquals((await once(ns, "d", "true")).code, 0);
  await ns.must("stop", "--now", "c");
  assertEquals(onceMarks(ns).map((name) => name.slice(27)).sort(), ["a", "c", "d"]);
});

cgroupTest("of many run --once at once one starts the task, and once", async (ns) => {
  for (const task of ["a", "b", "c"]) {
    const line = `echo x >>${ns.scratch}/${task}`;
    const all = await Promise.all(
      Array.from({ length: 6 }, () => once(ns, task, "sh", "-c", line)),
    );
    assertEquals(all.map(({ code }) => code).sort(), [0, 4, 4, 4, 4, 4]);
    await ns.gone(task);
    const more = await Promise.all(
      Array.from({ length: 4 }, () => once(ns, task, "sh", "-c", line)),
    );
    assertEquals(more.map(({ code }) => code), [4, 4, 4, 4]);
    assertEquals(Deno.readTextFileSync(`${ns.scratch}/${task}`), "x\n");
  }
});

cgroupTest("the record of run --once is kept over reboots, with its exit status", async (ns) => {
  await once(ns, "--label", "k=v", "a", "sh", "-c", "exit 3");
  await once(ns, "--label", "l=w", "b", "sleep", "1000");
  const { pid } = ns.record("b");
  await ns.gone("a");
  const before = await json(ns, "status", "--json", "a");
  // The host goes down before the end of this one is written.
  await crash(ns, "b");
  const status = await json(ns, "status", "--json", "a");
  assertEquals(
    [status.state, status.code, status.command, status.labels, status.started, status.usage],
    ["exited", 3, before.command, { k: "v" }, before.started, null],
  );
  assertEquals((await ns.lanco("wait", "a")).code, 3);
  const lost = await ns.lanco("wait", "b");
  assertEquals(lost.code, 125);
  assertMatch(lost.stderr, /task b was lost: the host went down while it ran/);
  assertMatch(await ns.must("status", "b"), /^b: lost: the host went down while it ran\n/);
  const { tasks } = await json(ns, "ls", "-a", "--json");
  assertEquals(Object.keys(tasks), ["a", "b"]);
  assertEquals([tasks.a.code, tasks.b.state], [3, "lost"]);
  assertEquals(Object.keys((await json(ns, "ls", "-a", "--json", "--label", "k")).tasks), ["a"]);
  assertEquals((await json(ns, "ls", "--runs", "--json")).count, 2);
  const events = (await ns.firstLines(3, ["events", "--json"])).trim().split("\n")
    .map((line) => JSON.parse(line));
  assertEquals(events.slice(1).map(({ event, task }) => [event, task]), [["lost", "b"], [
    "ready",
    null,
  ]]);
  assertEquals([events[1].labels, events[1].pid], [{ l: "w" }, pid]);
  const labelled = (await ns.firstLines(3, ["events", "--json", "--label", "l=w"])).split("\n");
  assertEquals(JSON.parse(labelled[1] ?? "").run, events[1].run);
  for (const task of ["a", "b"]) assertEquals((await once(ns, task, "true")).code, 4);
  // Without --once a task may run again: its last run is then the new one.
  await ns.must("run", "b", "true");
  await ns.gone("b");
  assertEquals((await json(ns, "status", "--json", "b")).state, "exited");
  await ns.must("forget", "a", "b");
  assertEquals(onceMarks(ns), []);
  assertEquals((await ns.lanco("status", "a")).code, 3);
  for (const task of ["a", "b"]) assertEquals((await once(ns, task, "true")).code, 0);
});

cgroupTest("what a crash of the host took is on record for run --once", async (ns) => {
  await ns.must("run", "other", "true");
  const run = makeRunId(OTHER_BOOT, "", 1000);
  await shell(`echo ${run} >${ns.logs}/.runs/${run}-a; mkfifo ${ns.logs}/.runs/${run}-b`);
  assertEquals((await once(ns, "a", "true")).code, 4);
  const bad = await once(ns, "b", "true");
  assertEquals(bad.code, 1);
  assertMatch(bad.stderr, /cannot read the marks of task b in .*: it is not a regular file/);
  await ns.must("forget", "a", "b");
  for (const task of ["a", "b"]) assertEquals((await once(ns, task, "true")).code, 0);
});

cgroupTest("with a bad record, or no room for one, run --once starts nothing", async (ns) => {
  const ran = `${ns.scratch}/ran`;
  const refused = async (text: RegExp, task = "a") => {
    const { code, stdout, stderr } = await once(ns, task, "touch", ran);
    assertEquals([code, stdout], [1, ""], stderr);
    assertMatch(stderr, text);
    assertEquals(exists(ran), false);
  };
  const directory = `${ns.logs}/.runs`;
  await shell(`rm -rf ${directory}; : >${directory}`);
  await refused(/cannot read the records in .*once|cannot keep the record of the run in .*once/);
  await shell(`rm ${directory}; mkdir ${directory}; : >${directory}/once`);
  await refused(/cannot (read|keep) the record/);
  await shell(`rm ${directory}/once; mkdir -m 500 ${directory}/once`);
  await refused(/cannot keep the record of the run in .*: Permission denied/);
  await shell(`chmod 000 ${directory}/once`);
  await refused(/cannot read the records in .*: Permission denied/);
  await shell(`chmod 700 ${directory}/once`);
  // A file system without room for a mark.
  await exec([
    "mount",
    "-t",
    "tmpfs",
    "-o",
    "size=4k,nr_inodes=2,mode=777",
    "x",
    `${directory}/once`,
  ], {
    uid: 0,
  });
  try {
    await shell(`: >${directory}/once/x`);
    await refused(/cannot keep the record of the run in .*: No space left on device/);
    await shell(`rm ${directory}/once/x`);
    await exec(["mount", "-o", "remount,nr_inodes=9", `${directory}/once`], { uid: 0 });
    await shell(`head -c 4096 /dev/zero >${directory}/once/x`);
    await refused(/cannot keep the record of the run in .*: No space left on device/);
  } finally {
    await exec(["umount", `${directory}/once`], { uid: 0 });
  }
  assertEquals(ns.traces().filter((path) => /task-|-a$/.test(path)), []);
  // What lanĉo has not written tells nothing.
  const run = makeRunId(OTHER_BOOT, "", 1000);
  const contents = [`${run}\\n`, "", `${run}\\nended 0\\n`, `${run}\\n                \\n{}\\n`];
  for (const content of contents) {
    await shell(`printf '${content}' >${directory}/once/${run}-a`);
    await refused(/cannot read the record of task a: /);
  }
  // One that was interrupted before its command was executed tells that.
  await shell(`printf '${run}\\n                \\n{"ver' >${directory}/once/${run}-a`);
  assertEquals((await once(ns, "a", "true")).code, 0);
  await ns.gone("a");
  await ns.must("run", "b", "true");
  await ns.gone("b");
  for (const damage of ["echo garbage >status", "rm status", "rm status; mkfifo status"]) {
    await shell(`cd ${ns.runDirectory("b")} && ${damage}`);
    await refused(/cannot read how run .* of task b ended: .*forget b" removes its record/, "b");
  }
  await ns.must("forget", "--all");
  assertEquals(onceMarks(ns), []);
  assertEquals((await once(ns, "b", "true")).code, 0);
});

cgroupTest("records of run --once are never removed to make room", async (ns) => {
  await once(ns, "kept", "true");
  await ns.gone("kept");
  await ns.must("run", "other", "true");
  await ns.gone("other");
  await ns.must("run", "kept", "true");
  await ns.gone("kept");
  // Fills what is left of the file system of the records.
  const full = `head -c 64M /dev/zero >${ns.directory}/runs/.filler 2>/dev/null; :`;
  await shell(full);
  const refused = await once(ns, "new", "sleep", "1000");
  assertMatch(refused.stderr, /^$|cannot write the record of the run: No space left on device/);
  assertEquals((await ns.lanco("status", "other")).code, 3);
  await shell(`rm -f ${ns.directory}/runs/.filler`);
  assertEquals((await json(ns, "ls", "--runs", "--json", "kept")).runs[0].state, "exited");
  assertEquals((await once(ns, "kept", "true")).code, 4);
  await ns.lanco("stop", "--now", "new");
});

cgroupTest("run --once may be given in a batch, and starts the task once", async (ns) => {
  const told = async (...lines: object[]) =>
    (await answers(ns, ...lines.map((line, id) => ({ ...line, id }))))
      .toSorted((x, y) => x.id - y.id).map(({ exitStatus }) => exitStatus);
  assertEquals(
    await told(
      { command: "run", task: "a", args: ["true"], once: true },
      { command: "run", task: "a", args: ["true"], once: true },
      { command: "run", task: "b", args: ["--once", "--", "true"] },
      { command: "run", task: "c", args: ["true"], once: "yes" },
    ),
    [0, 4, 0, 2],
  );
  await ns.gone("b");
  assertEquals(
    await told(
      { command: "run", task: "b", args: ["true"], once: true },
      { command: "forget", task: "b" },
      { command: "run", task: "b", args: ["true"], once: true },
    ),
    [4, 0, 0],
  );
});

cgroupTest("a killed run --once leaves its task free, or on record if it has begun", async (ns) => {
  const begin = performance.now();
  assertEquals((await once(ns, "first", "true")).code, 0);
  const whole = performance.now() - begin;
  const codes = new Set<number>();
  // On a busy host each may take longer than the first: then later kills are tried, too.
  for (let i = 0; i < 16 || (codes.size < 2 && i < 96); i++) {
    const task = `t${i}`;
    const run = ["sh", "-c", `echo x >>${ns.scratch}/${task}`];
    const launcher = start([LANCO, ns.name, "run", "--once", task, ...run]);
    await new Promise((resolve) => setTimeout(resolve, whole * (0.3 + i / 16)));
    try {
      launcher.kill("SIGKILL");
    } catch { /* it was faster */ }
    await launcher.status;
    await ns.gone(task);
    const { code, stderr } = await once(ns, task, ...run);
    assert([0, 4].includes(code), stderr);
    codes.add(code);
    await ns.gone(task);
    // In the one case it has run before, in the other now.
    assertEquals(Deno.readTextFileSync(`${ns.scratch}/${task}`), "x\n", `${i}: ${code}`);
  }
  // Else the kills came all too early or all too late to prove anything.
  assertEquals([...codes].sort(), [0, 4]);
});
