import { assert, assertEquals, assertMatch } from "@std/assert";
import { renderTree } from "../../src/show/tree.ts";
import { cgroupTest, LANCO, LEGACY, shell, STRANGER, TRACKER, until } from "../harness.ts";

function tree(namespace: string, processes: Record<string, string>, long = false): string {
  const end = { why: null, code: null, signal: null, ended: null, duration: null };
  const tasks = Object.entries(processes).map(([task, cmdline]) => {
    const listed = { count: 1, processes: [{ pid: 28456, cmdline }], ...end };
    return [task, {
      run: null,
      pid: null,
      labels: {},
      state: "running" as const,
      logSize: 3 * 2 ** 20,
      stderrSize: null,
      ...listed,
    }] as const;
  });
  const output = { namespace, count: tasks.length, exitCommands: [] };
  return renderTree({ truncated: false, ...output, tasks: Object.fromEntries(tasks) }, { long });
}

Deno.test("renderTree() draws the tree of the article about the first lanĉo", () => {
  assertEquals(
    tree("testns", { "first-task": "openssl speed aes " }),
    "testns\n ├ first-task\n │  → 28456 openssl speed aes \n ╯\n",
  );
  assertEquals(tree("testns", {}), "testns\n ╯\n");
});

Deno.test("renderTree() shortens commands to 50 characters, but not with -l", () => {
  const second = { second: "x".repeat(60) };
  assertEquals(tree("n", second), `n\n ├ second\n │  → 28456 ${"x".repeat(49)}…\n ╯\n`);
  assertEquals(tree("n", second, true).includes(` ${"x".repeat(60)}\n`), true);
});

cgroupTest("ls shows the tasks that run, sorted, and their processes", async (ns) => {
  await ns.must("run", "b", "sh", "-c", "sleep 1000 & sleep 1001");
  await ns.must("run", "a", "sleep", "1002");
  // A process that has just been forked is shown as its shell.
  await until(
    "b has three processes, two of which have executed sleep",
    async () =>
      ns.task("b").length === 3 && (await ns.must("ls")).match(/sleep 100\d \n/g)?.length === 4,
  );
  // The numbers of processes begin anew at some point: what was started first may have the last.
  const lines = (task: string) =>
    ns.task(task).sort((x, y) => x - y).map((pid) =>
      ` │  → ${String(pid).padStart(5)} ${
        Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ")
      }\n`
    ).join("");
  assertEquals(
    await ns.must("ls"),
    `${ns.name}\n ├ a\n${lines("a")} ├ b\n${lines("b")} ╯\n`,
  );
  assertMatch(lines("b"), /sh -c sleep 1000 & sleep 1001 \n/);
});

cgroupTest("ls --json prints the same tasks and processes as JSON", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  assertEquals(JSON.parse(await ns.must("ls", "--json")), {
    namespace: ns.name,
    count: 1,
    tasks: {
      a: {
        state: "running",
        count: 1,
        processes: [{ pid: ns.task("a")[0], cmdline: "sleep 1000 " }],
        why: null,
        code: null,
        signal: null,
        ended: null,
        duration: null,
        logSize: 0,
        stderrSize: null,
        run: ns.record("a").run,
        labels: {},
        pid: ns.task("a")[0],
      },
    },
    exitCommands: [],
    truncated: false,
  });
});

cgroupTest("ls and wait tell of a task that goes on how its command ended", async (ns) => {
  await ns.must("run", "a", "sh", "-c", "sleep 1000 & exit 3");
  await ns.must("run", "b", "sh", "-c", "sleep 1000 & kill -9 $$");
  await ns.must("run", "c", "sleep", "1000");
  await until("both commands have ended", () => ns.status("a") === 3 && ns.status("b") === 137);
  const text = await ns.must("ls");
  assertMatch(text, / ├ a\n │ {2}its command exited with status 3\n │ {2}→ +\d+ sleep 1000 \n/);
  assertMatch(text, / ├ b\n │ {2}its command was killed by SIGKILL\n │ {2}→ +\d+ sleep 1000 \n/);
  assertMatch(text, / ├ c\n │ {2}→ +\d+ sleep 1000 \n ╯\n/);
  const { tasks } = JSON.parse(await ns.must("ls", "--json"));
  const how = (task: string) => {
    const { state, code, signal, ended } = tasks[task];
    return [state, code, signal, ended !== null];
  };
  assertEquals(how("a"), ["running", 3, null, true]);
  assertEquals(how("b"), ["running", null, "SIGKILL", true]);
  assertEquals(how("c"), ["running", null, null, false]);
  const waited = await ns.lanco("wait", "--json", "-t", "0", "a", "b", "c");
  assertEquals(waited.code, 124);
  const told = Object.values(JSON.parse(waited.stdout).tasks) as Record<string, unknown>[];
  assertEquals(
    told.map(({ ended, status, code, signal, exitStatus }) => ({
      ended,
      status,
      code,
      signal,
      exitStatus,
    })),
    [
      { ended: false, status: 3, code: 3, signal: null, exitStatus: 124 },
      { ended: false, status: 137, code: null, signal: "SIGKILL", exitStatus: 124 },
      { ended: false, status: null, code: null, signal: null, exitStatus: 124 },
    ],
  );
  const events = (await ns.firstLines(5, ["events", "--json"])).trim().split("\n")
    .map((line) => JSON.parse(line)).filter(({ event }) => event === "present");
  assertEquals(
    Object.fromEntries(events.map(({ task, code, signal }) => [task, code ?? signal])),
    { a: 3, b: "SIGKILL", c: null },
  );
  assertMatch(await ns.firstLines(4, ["events"]), / present a its command exited with status 3\n/);
  // A stranger may see that a task runs, but not its record.
  const stranger = await ns.lancoWith({ uid: STRANGER }, "ls", "--json");
  assertEquals([stranger.code, JSON.parse(stranger.stdout).tasks.a.code], [0, null]);
});

cgroupTest("ls shows the processes in sub-cgroups that a task made", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const [pid] = ns.task("a");
  Deno.mkdirSync(`${ns.directory}/${TRACKER}/task-a/own`);
  Deno.writeTextFileSync(`${ns.directory}/${TRACKER}/task-a/own/cgroup.procs`, String(pid));
  assertEquals((await ns.must("ls")).includes(`→ ${String(pid).padStart(5)} sleep 1000`), true);
});

// cgroup v1 has no threaded cgroups.
if (!LEGACY) {
  cgroupTest("ls, check and stop work with threaded sub-cgroups", async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    const own = `${ns.directory}/unified/task-a/own`;
    assertEquals((await shell(`mkdir ${own} && echo threaded >${own}/cgroup.type`)).code, 0);
    assertEquals(JSON.parse(await ns.must("ls", "--json")).tasks.a.count, 1);
    await ns.must("check", "a");
    await ns.must("pause", "a");
    await ns.must("stop", "a");
    assertEquals(ns.traces().filter((path) => path.endsWith("/task-a")), []);
  });
}

cgroupTest("ls shows how tasks ended, and selects tasks by state or name", async (ns) => {
  await ns.must("run", "import-1", "sleep", "1000");
  await ns.must("run", "import-2", "sh", "-c", "exit 3");
  await ns.must("run", "export", "true");
  for (const task of ["import-2", "export"]) await ns.gone(task);
  const names = async (...args: string[]) =>
    (await ns.must("ls", ...args)).split("\n").filter((line) => line.startsWith(" ├ "))
      .map((line) => line.slice(3));
  assertEquals(await names(), ["import-1"]);
  assertEquals(await names("-a"), ["export", "import-1", "import-2"]);
  assertEquals(await names("--finished"), ["export", "import-2"]);
  assertEquals(await names("-a", "import-*"), ["import-1", "import-2"]);
  assertEquals(await names("--running", "import-2"), []);
  assertMatch(
    await ns.must("ls", "--finished", "import-2"),
    /^[^\n]+\n ├ import-2\n │ {2}exited with status 3, \d{4}-\d\d-\d\dT[\d:]+, after \d+ ms\n ╯\n$/,
  );
  const { tasks, count } = JSON.parse(await ns.must("ls", "--json", "-a"));
  const { ended, duration, ...rest } = tasks["import-2"];
  const { run, pid } = ns.record("import-2");
  const sizes = { logSize: 0, stderrSize: null };
  const how = { ...sizes, state: "exited", why: null, code: 3, signal: null, run, pid, labels: {} };
  assertEquals([count, rest], [3, { count: 0, processes: [], ...how }]);
  assert(Date.now() - ended < 60_000 && duration < 60_000, `${ended} ${duration}`);
});

cgroupTest("ls, status and dump end without a message when their reader is gone", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  for (const command of ["ls -l", "ls --json", "status a", "dump", "metrics", "logs a", "-h"]) {
    const line = `{ ${LANCO} ${ns.name} ${command}; echo $? >&2; } | true`;
    assertEquals(await shell(line), { code: 0, stdout: "", stderr: "0\n" }, command);
    const full = await shell(`${LANCO} ${ns.name} ${command} >/dev/full`);
    if (command === "logs a") continue; // there is nothing to write
    assertEquals(full.code, 1, command);
    assertMatch(full.stderr, /cannot write to standard output: No space left on device/);
  }
});
