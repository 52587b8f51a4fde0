import { assert, assertEquals, assertMatch } from "@std/assert";
import { answersIn, openBatch } from "../batch.ts";
import { cgroupTest, exec, LANCO, LEGACY, lives, until } from "../harness.ts";

/** The memory of a process at its highest, in MiB. */
function peak(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

const names = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`);

cgroupTest("a batch that is killed amid 100 launches has started each task, or not", async (ns) => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const tasks = names(100);
    const requests = tasks.map((task) => ({ command: "run", args: [task, "sleep", "1000"] }));
    const { batch, count, answers, end } = openBatch(ns, ...requests);
    await until("some have been launched", () => count() > 15);
    batch.kill(signal);
    await end();
    // What nobody has entered yet is empty, and in nobody's way.
    const begun = () =>
      ns.traces().filter((path) => /\/new-/.test(path) && !path.includes("/runs/"));
    await until(
      "what was begun is over",
      () => begun().every((path) => ns.pids(path.slice(ns.directory.length + 1)).length === 0),
    );
    const said = answers().filter(({ exitStatus }) => exitStatus === 0)
      .map(({ output }) => output.task);
    assertEquals(said.length, count());
    const running: string[] = [];
    for (const task of tasks) {
      const { code } = await ns.lanco("check", task);
      assertEquals(code, ns.task(task).some(lives) ? 0 : 3, task);
      if (code === 0) running.push(task);
    }
    assertEquals(said.filter((task) => !running.includes(task)), []);
    // Else it was killed too late to prove anything.
    assert(running.length < 100);
    for (
      const task of [
        running[0] ?? "",
        tasks.findLast((task) => !running.includes(task)) ?? "",
      ]
    ) {
      const { code } = await ns.lanco("run", task, "sleep", "1000");
      assertEquals(code, running.includes(task) ? 4 : 0, task);
    }
    await ns.lanco("stop", "--now", ...tasks);
    assertEquals(tasks.filter((task) => ns.task(task).some(lives)), []);
    // Requests that were not answered stay until they are old.
    assertEquals(ns.traces().filter((path) => /\/task-[^/.]*$/.test(path)), []);
  }
});

// Without v2 a launch asks it for nothing.
if (!LEGACY) {
  cgroupTest(
    "a batch waits for a release agent that is slow, and asks it for many at once",
    async (ns) => {
      const slow =
        `mv ${ns.agent} ${ns.agent}.real && printf '#!/bin/sh\necho "$1" >>%s\nsleep 3\nexec %s "$@"\n' \\
    ${ns.scratch}/calls ${ns.agent}.real >${ns.agent} && chmod 755 ${ns.agent}`;
      await exec(["sh", "-c", slow], { uid: 0 });
      const requests = names(20).map((task) => ({ command: "run", args: [task, "sleep", "1000"] }));
      const { answers, end } = openBatch(ns, ...requests);
      assertEquals((await end()).code, 0);
      assertEquals(answers().map(({ exitStatus }) => exitStatus), names(20).map(() => 0));
      // The agent is called again for what it has not answered within a second.
      const calls = Deno.readTextFileSync(`${ns.scratch}/calls`).match(/^\/bell-.*/gm) ?? [];
      const asked = new Set(calls).size;
      assert(asked > 0 && asked <= 6, `${asked} of ${calls.length} calls`);
      await exec(["mv", `${ns.agent}.real`, ns.agent], { uid: 0 });
      await ns.must("stop", "--now", ...names(20));
    },
  );
}

cgroupTest("a batch goes on when its namespace is released, and made again", async (ns) => {
  const { say, count, answers, end } = openBatch(ns, { id: 1, command: "check", args: ["a"] });
  await until("it has answered", () => count() === 1);
  assertEquals((await ns.lancoWith({ uid: 0 }, "release")).code, 0);
  await say({ id: 2, command: "run", args: ["a", "true"] }, { id: 3, command: "events" });
  await until("it has answered", () => count() === 3);
  await ns.init();
  await say({ id: 4, command: "run", args: ["a", "sleep", "1000"] });
  await until("it has answered", () => count() === 4);
  await say({ id: 5, command: "wait", args: ["a"] }, { id: 6, command: "stop", args: ["a"] });
  assertEquals((await end()).code, 0);
  const status = (id: number) => answers().find((answer) => answer.id === id).exitStatus;
  assertEquals([1, 2, 3, 4, 5, 6].map(status), [3, 5, 5, 0, 143, 0]);
});

cgroupTest("a batch that nobody reads ends, whatever it waits for", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const line = (id: number, command: string) => JSON.stringify({ id, command, args: ["a"] });
  const script = `{ echo '${line(1, "wait")}'; echo '${line(2, "check")}'; sleep 1
    echo '${line(3, "check")}'; sleep 1; echo '${line(4, "check")}'; sleep 10; } |
    { ${LANCO} ${ns.name} batch; echo $? >&2; } | head -n 2`;
  const begin = Date.now();
  const { stderr, stdout } = await exec(["bash", "-c", `${script}`]);
  assertMatch(stdout, /"id":2/);
  assertEquals(stderr, "0\n");
  // But for the writer before it, which sleeps.
  assert(Date.now() - begin < 14_000);
});

cgroupTest("more wait for one run than a batch may have descriptors", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const line = (id: number, command: string) => JSON.stringify({ id, command, args: ["a"] });
  const waits = Array.from({ length: 300 }, (_, id) => line(id, "wait"));
  const { code, stdout } = await exec(["prlimit", "--nofile=60", LANCO, ns.name, "batch"], {
    stdin: [...waits, line(300, "stop"), ""].join("\n"),
  });
  assertEquals(code, 0);
  const answers = answersIn(stdout);
  assertEquals(answers.filter(({ exitStatus }) => exitStatus === 143).length, 300);
});

cgroupTest(
  "10,000 requests under way and those that are answered take bounded memory",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    const waits = Array.from({ length: 10_000 }, (_, id) => ({ id, command: "wait", args: ["a"] }));
    const { batch, say, count, answers, end } = openBatch(ns, ...waits);
    const check = { command: "check", args: ["a"] };
    const answered = async (many: number) => {
      await until(`${many} are answered`, () => count() >= many);
      return peak(batch.pid);
    };
    const peaks: number[] = [];
    // What is free to be collected may be there for a while: the growth has to come to an end.
    const grows = () => peaks.length < 2 || peaks.at(-1)! - peaks.at(-2)! >= 30;
    while (peaks.length < 8 && grows()) {
      await say(...Array.from({ length: 20_000 }, () => check));
      peaks.push(await answered(20_000 * (peaks.length + 1)));
    }
    // 150 on an idle host; where processors are scarce the collector of V8 comes late.
    assert(peaks.at(-1)! < 400 && !grows(), `MiB: ${peaks}`);
    await say({ id: "stop", command: "stop", args: ["--now", "a"] });
    assertEquals((await end()).code, 0);
    assertEquals(answers().filter(({ exitStatus }) => exitStatus === 137).length, 10_000);
  },
);
