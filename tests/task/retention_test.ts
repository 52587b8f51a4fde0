import { assert, assertEquals } from "@std/assert";
import { makeRunId } from "../../src/task/run_id.ts";
import { byAge, forgetOldest, forgettable } from "../../src/task/retention.ts";
import { cgroupTest, exec, exists, type TestNamespace, until } from "../harness.ts";

const BOOT = { id: "bd200950-9fcf-473f-8493-ae3ff3a33e51", at: 1000 };

/** Returns the id of a run that was started a number of minutes after the boot. */
const after = (minutes: number) => makeRunId(BOOT, "", minutes * 60_000);

Deno.test("forgettable() returns all runs but the newest and the last of each task", () => {
  const [a, b, c, d] = [1, 2, 3, 4].map(after) as [string, string, string, string];
  const runs = byAge(new Map([["x", [a, b, d]], ["y", [c]]]));
  assertEquals(runs.map(({ run, isLast }) => [run, isLast]), [
    [a, false],
    [b, false],
    [c, true],
    [d, true],
  ]);
  assertEquals(forgettable(runs, 2).map(({ run }) => run), [a, b]);
  assertEquals(forgettable(runs, 0).map(({ run }) => run), [a, b]);
  assertEquals(forgettable(runs, 4), []);
});

/** Makes records of runs of a task that were started before all others. */
async function fill(ns: TestNamespace, task: string, from: number, count: number) {
  const names = Array.from({ length: count }, (_, i) => `${after(from + i)}-${task}`);
  const script =
    'cd "$1" && xargs mkdir && for run in *; do [ -e "$run/run.json" ] || : >"$run/run.json"; done';
  await exec(["sh", "-c", script, "sh", `${ns.directory}/runs`], { stdin: names.join("\n") });
  return names;
}

cgroupTest(
  "the newest 1000 runs are kept, the last run of each task, and the runs under way",
  async (ns) => {
    const [first = "", ...more] = await fill(ns, "many", 1, 1099);
    const [last = ""] = await fill(ns, "other", 0, 1);
    await ns.must("run", "oldest", "sleep", "1000");
    await exec([
      "sh",
      "-c",
      `cd "$1" && i=1; while [ $i -le 1100 ]; do : >1-u$i; i=$((i + 1)); done; echo 100 >.errands/kept`,
      "sh",
      `${ns.directory}/usage`,
    ], { uid: 0 });
    // Also the directories and cgroups of launches that were killed.
    const begun = `cd "$1" && mkdir -p new-x exit-1-x enter-x/task-x bell-x/x &&
    touch -d '1 hour ago' new-x exit-1-x enter-x bell-x && mkdir enter-young`;
    await exec(["sh", "-c", begun, "sh", `${ns.directory}/named`]);
    await ns.must("run", "new", "true");
    await ns.gone("new");
    const names = (directory: string) =>
      [...Deno.readDirSync(`${ns.directory}/${directory}`)].map(({ name }) => name);
    const runs = names("runs");
    const kept = [last, more.at(-1) ?? "", ns.runDirectory("oldest"), ns.runDirectory("new")];
    for (const path of kept) assert(runs.includes(path.split("/").at(-1) ?? ""), path);
    assert(!runs.includes(first));
    // The runs of "other" and "oldest" are older than the newest thousand.
    assert(runs.length >= 1000 && runs.length <= 1002, `${runs.length}`);
    const left = names("named").filter((name) => /^(new|exit|enter|bell)-/.test(name));
    assertEquals(left, ["enter-young"]);
    await until("old counters are removed, too", () => names("usage").length <= 1001);
    assert(names("usage").some((name) => name.endsWith("-new")));
  },
);

cgroupTest(
  "if the disk is full, runs that are not the last of their task are removed first",
  async (ns) => {
    const many = await fill(ns, "many", 1, 99);
    const others = [];
    for (let i = 0; i < 4; i++) others.push(...await fill(ns, `other${i}`, 200 + i, 1));
    await ns.must("run", "a", "sleep", "1000");
    const there = (name: string) => exists(`${ns.directory}/runs/${name}`);
    assert(forgetOldest(ns.name));
    // A hundred runs were removed: all but the last of the one task, and two others.
    assertEquals(many.filter(there), []);
    assertEquals(others.filter(there), others.slice(1));
    assert(forgetOldest(ns.name));
    assertEquals(others.filter(there), []);
    // Runs under way are kept, and so are files that are no records.
    assert(!forgetOldest(ns.name));
    assertEquals((await ns.lanco("status", "a")).code, 0);
    assertEquals(ns.record("a").task, "a");
  },
);
