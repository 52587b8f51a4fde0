import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  KEEPER,
  LANCO,
  LEGACY,
  lives,
  start,
  type TestNamespace,
  TRACKER,
  until,
} from "../harness.ts";

/** Kills `lanco run` after so many milliseconds, and looks at what the next commands make of it. */
async function killedAfter(ns: TestNamespace, task: string, delay: number): Promise<boolean> {
  const launcher = start([LANCO, ns.name, "run", "-c", "true", task, "sleep", "1000"]);
  await new Promise((resolve) => setTimeout(resolve, delay));
  try {
    launcher.kill("SIGKILL");
  } catch { /* it was faster */ }
  await launcher.status;

  await until("what was begun is over or done", () => {
    const pids = ns.members(task);
    return pids.length === 0 || ns.task(task).some((pid) => {
      try {
        return Deno.readLinkSync(`/proc/${pid}/exe`).endsWith("sleep");
      } catch {
        return false;
      }
    });
  });
  const { code } = await ns.lanco("check", task);
  const listed = (await ns.must("ls")).includes(` ├ ${task}\n`);
  const runs = ns.task(task).some(lives);
  assertEquals([code, listed], runs ? [0, true] : [3, false], `killed after ${delay} ms`);
  if (runs) {
    const cgroups = Deno.readTextFileSync(`/proc/${ns.task(task)[0]}/cgroup`);
    const hierarchy = LEGACY ? ":freezer" : "0:";
    const [, path = ""] = new RegExp(`${hierarchy}:(.*)$`, "m").exec(cgroups) ?? [];
    assertMatch(path, new RegExp(`/lanco-${ns.name}(\\.service)?/task-${task}$`));
    await ns.must("stop", task);
  } else {
    assertEquals((await ns.lanco("stop", task)).code, 3);
    // What has run nothing did not end in any way: there is the record of the run before.
    const { code, stdout } = await ns.lanco("status", "--json", task);
    assertEquals([code, JSON.parse(stdout).code === 1], [0, false], stdout);
  }
  await ns.must("run", task, "sleep", "1000");
  await ns.must("stop", task);
  return runs;
}

cgroupTest(
  "invariant 3: run killed at any moment leaves nothing that makes the next command wrong",
  async (ns) => {
    // As many at a time as below, for that decides how long one takes here and now.
    const begin = performance.now();
    await Promise.all(["t0", "t1", "t2", "t3"].map((task) => ns.must("run", task, "true")));
    const whole = performance.now() - begin;
    const outcomes: boolean[] = [];
    for (let round = 0; round < 10; round++) {
      outcomes.push(
        ...await Promise.all(
          [0, 1, 2, 3].map((i) => killedAfter(ns, `t${i}`, whole * (0.25 + (round * 4 + i) / 30))),
        ),
      );
    }
    // Else the kills came all too early or all too late to prove anything.
    assert(outcomes.includes(false) && outcomes.includes(true), String(outcomes));
    const running = ["named/task-", `${TRACKER}/task-`, "memory/task-"];
    assertEquals(ns.traces().filter((path) => running.some((part) => path.includes(part))), []);
  },
);

/** What is there when `lanco run a` has made the directory of its run, and that of what waits for its end. */
const MOMENTS = ["nothing is written yet", "what is launched is written"];

/** Which of the directories that it makes these two are. */
const DIRECTORIES = KEEPER === "systemd" ? [3, 4] : [2, 4];

/** Kills `lanco run a` when its record is begun, but before it tells the command to go. */
async function killedUnbegun(ns: TestNamespace, moment: number): Promise<void> {
  const inject = `inject=mkdir:delay_exit=5000000:when=${DIRECTORIES[moment]}`;
  const words = ["strace", "-qq", "-o", "/dev/null", "-e", "trace=mkdir", "-e", inject];
  const ran = `${ns.scratch}/ran`;
  const run = ["run", "--keep", "0", "-c", `touch ${ran}`, "a", "touch", ran];
  const before = ns.runDirectory("a");
  const tracer = start([...words, LANCO, ns.name, ...run]);
  await until("its record is begun", () => ns.runDirectory("a") !== before);
  if (moment > 0) await until("it is written", () => exists(`${ns.runDirectory("a")}/run.json`));
  else await new Promise((resolve) => setTimeout(resolve, 200));
  // Nobody takes it for one that runs, or has run.
  const { code, stdout } = await ns.lanco("status", "--json", "a");
  assertEquals([code, JSON.parse(stdout).code], [0, null]);
  const children = Deno.readTextFileSync(`/proc/${tracer.pid}/task/${tracer.pid}/children`);
  Deno.kill(Number(children.trim()), "SIGKILL");
  await tracer.status;
  await until("what was begun is over", () => ns.members("a").length === 0);
  await ns.gone("a");
  assert(!exists(ran));
}

for (const [moment, what] of MOMENTS.entries()) {
  cgroupTest(`a run that is killed when ${what} is not said to have ended`, async (ns) => {
    // Else the first launch would make this as well.
    await exec(["mkdir", `${ns.logs}/.runs`]);
    await killedUnbegun(ns, moment);
    assertEquals((await ns.lanco("status", "a")).code, 3);
    await until("its exit command is gone, too", () => ns.traces().length === 0);
    await ns.must("run", "a", "sh", "-c", "exit 5");
    await ns.gone("a");
    await killedUnbegun(ns, moment);
    const { stdout } = await ns.lanco("status", "--json", "a");
    assertEquals(JSON.parse(stdout).code, 5);
    assertEquals((await ns.lanco("wait", "a")).code, 5);
    await ns.must("run", "a", "true");
  });
}
