import { assert, assertEquals, assertMatch } from "@std/assert";
import { answers } from "../batch.ts";
import { listen, story } from "./listener.ts";
import {
  cgroupTest,
  exec,
  exists,
  KEEPER,
  LANCO,
  lives,
  TestNamespace,
  until,
} from "../harness.ts";

const FOREVER = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"];

/** The shells that keep time limits, and their children. */
function timeKeepers(ns: TestNamespace): number[] {
  return [...Deno.readDirSync(`${ns.directory}/named`)].map(({ name }) => name)
    .filter((name) => name.startsWith("exit-T")).flatMap((name) => ns.pids(`named/${name}`));
}

/** Whether they are bash, which is larger, and waits without a child. */
const isBash = (ns: TestNamespace) => {
  const [first = 0] = timeKeepers(ns);
  return exists("/bin/bash") &&
    Deno.statSync(`/proc/${first}/exe`).ino === Deno.statSync("/bin/bash").ino;
};

async function state(ns: TestNamespace, task = "a") {
  return JSON.parse(await ns.must("status", "--json", task));
}

const noneIsLeft = (ns: TestNamespace) =>
  until("nobody keeps a time any more", () => timeKeepers(ns).length === 0);

cgroupTest("a task ends when its time is over, and it is told everywhere", async (ns) => {
  const { heard, ready, ends, stop } = listen(ns);
  await ready();
  const told = `${ns.scratch}/told`;
  const command = `trap "exit 7" TERM; while :; do sleep 0.05; done`;
  const begin = performance.now();
  await ns.must(
    "run",
    "--timeout",
    "1.5",
    "-c",
    `echo "$LANCO_STATUS" >${told}`,
    "a",
    "sh",
    "-c",
    command,
  );
  const { code } = await ns.lanco("wait", "a");
  assertEquals(code, 7);
  assert(performance.now() - begin > 1500, "it had its time");
  const { state: ending, timedOut, timeout, stopped } = await state(ns);
  assertEquals([ending, timedOut, stopped], ["timed out", true, null]);
  assertEquals(timeout, { after: 1500, killAfter: 10_000 });
  assertMatch(await ns.must("status", "a"), /^a: timed out, exited with status 7\n/);
  assertMatch(await ns.must("ls", "-a"), /timed out/);
  const waited = JSON.parse((await ns.lanco("wait", "--json", "a")).stdout);
  assertEquals([waited.timedOut, waited.tasks.a.timedOut, waited.tasks.a.status], [false, true, 7]);
  await ends(1);
  await stop();
  assertEquals(story(heard, "a"), ["start", "end timed out 7"]);
  assertEquals(heard.at(-1)?.timedOut, true);
  await until("the exit command has run", () => exists(told));
  assertEquals(Deno.readTextFileSync(told), "timed out\n");
  await noneIsLeft(ns);
});

cgroupTest("what ignores the signal is killed, with all that the task has started", async (ns) => {
  const fork =
    `trap '' TERM; (setsid sh -c "trap '' TERM; sleep 1000" &) & (while :; do (sleep 0.2 &) ; done) & wait; sleep 1000`;
  await ns.must("run", "--timeout", "1s", "--kill-after", "0.5s", "a", "sh", "-c", fork);
  await until("it has started some", () => ns.task("a").length > 3);
  const members = ns.task("a");
  assertEquals((await ns.lanco("wait", "-t", "120", "a")).code, 137);
  await ns.gone("a");
  assertEquals(members.filter(lives), []);
  assertEquals((await state(ns)).state, "timed out");
  await noneIsLeft(ns);
});

cgroupTest("neither the shim nor lanĉo need be there, nor the executable", async (ns) => {
  const copy = `${ns.scratch}/lanco`;
  await Deno.copyFile(LANCO, copy);
  await Deno.chmod(copy, 0o755);
  const words = [copy, ns.name, "run", "--timeout", "2", "--kill-after", "0.5", "a", ...FOREVER];
  assertEquals((await exec(words)).code, 0);
  await Deno.remove(copy);
  Deno.kill(ns.shim("a"), "SIGKILL");
  const members = ns.task("a");
  await until("all have ended", () => members.every((pid) => !lives(pid)));
  const { state: ending, code } = await state(ns);
  assertEquals([ending, code], ["timed out", null]);
  await noneIsLeft(ns);
});

cgroupTest("the time of a run ends with the run, and is not that of the next", async (ns) => {
  await ns.must("run", "--timeout", "1", "a", "sleep", "0.3");
  await ns.gone("a");
  await noneIsLeft(ns);
  await ns.must("run", "a", "sleep", "1000");
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assertEquals((await ns.lanco("check", "a")).code, 0);
  await ns.must("stop", "--now", "a");
  const [before] = JSON.parse(await ns.must("ls", "-a", "--runs", "--json")).runs;
  assertEquals([before.state, before.code], ["exited", 0]);
});

cgroupTest("of a task that was stopped before its time nothing is left", async (ns) => {
  await ns.must("run", "--timeout", "1h", "a", ...FOREVER);
  const count = isBash(ns) ? 1 : 2;
  await until("all keep the time", () => timeKeepers(ns).length === count);
  assertEquals((await ns.must("ls")).includes("flock"), false);
  await ns.must("stop", "--now", "a");
  const { state: ending, timedOut } = await state(ns);
  assertEquals([ending, timedOut], ["killed", false]);
  const { code, stderr } = await ns.lancoWith({ uid: 0 }, "release");
  assertEquals([code, stderr], [0, ""]);
});

cgroupTest("the time limit also ends what the command has left", async (ns) => {
  await ns.must("run", "--timeout", "2", "a", "sh", "-c", "sleep 1000 & exit 3");
  await until("the command has ended", () => ns.status("a") === 3);
  const [child = 0] = ns.task("a");
  await until("its child has ended", () => !lives(child));
  await ns.gone("a");
  const { state: ending, code } = await state(ns);
  assertEquals([ending, code], ["timed out", 3]);
});

cgroupTest("what keeps the time ends with what the command has left", async (ns) => {
  await ns.must("run", "--timeout", "1h", "a", "sh", "-c", "sleep 1000 & exit 3");
  await until("the command has ended", () => ns.status("a") === 3);
  Deno.kill(ns.task("a")[0] ?? 0, "SIGKILL");
  await ns.gone("a");
  await noneIsLeft(ns);
});

cgroupTest("a paused task ends when its time is over", async (ns) => {
  const command = ["sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.05; done"];
  // Longer where it is over before the task can be paused.
  for (let time = 1.5, paused = 3; paused !== 0; time *= 2) {
    await ns.must("run", "--timeout", String(time), "a", ...command);
    ({ code: paused } = await ns.lanco("pause", "a"));
    assert([0, 3].includes(paused));
    if (paused === 3) await ns.gone("a");
  }
  assertEquals((await ns.lanco("wait", "-t", "120", "a")).code, 9);
  assertEquals((await state(ns)).state, "timed out");
});

cgroupTest("it heeds the signal, the patience and the receiver that run was told", async (ns) => {
  const tell =
    `tell() { trap "echo $1 HUP" HUP; while :; do sleep 0.05; done; }; tell child & tell command`;
  const stop = ["--stop-signal", "HUP", "--stop-timeout", "1", "--stop-main"];
  await ns.must("run", "--timeout", "1", ...stop, "a", "sh", "-c", tell);
  assertEquals(ns.record("a").timeout, { after: 1000, killAfter: 1000 });
  assertEquals((await ns.lanco("wait", "-t", "120", "a")).code, 137);
  assertEquals([...new Set(ns.log("a").trim().split("\n"))], ["command HUP"]);
});

/** Ignores the signal, and takes each process that its user may still have. */
const GREEDY = `
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    try:
        if os.fork() == 0:
            time.sleep(0.3)
            os._exit(0)
    except OSError:
        pass
    try:
        while os.waitpid(-1, os.WNOHANG)[0]: pass
    except OSError:
        pass
`;

for (const isShimKilled of [false, true]) {
  cgroupTest(
    `a task that takes all processes ends when its time is over${
      isShimKilled ? ", without its shim" : ""
    }`,
    async (ns) => {
      // The limit counts all processes of a user: this one has no others. For systemd it is one of
      // passwd: lp or news.
      const uid = KEEPER === "systemd"
        ? isShimKilled ? 7 : 9
        : 40_000 + Deno.pid % 20_000 + (isShimKilled ? 1 : 0);
      await ns.remove();
      const other = new TestNamespace();
      await other.init("-u", String(uid));
      try {
        const run = ["run", "--timeout", "4", "--kill-after", "1", "a", "python3", "-c", GREEDY];
        const words = ["prlimit", "--nproc=60", LANCO, other.name, ...run];
        const { code, stderr } = await exec(words, { uid });
        assertEquals([code, stderr], [0, ""]);
        await until("it has taken all", () => other.task("a").length > 50);
        if (isShimKilled) Deno.kill(other.shim("a"), "SIGKILL");
        const [first = 0] = other.task("a");
        await until("it has ended", () => other.task("a").length === 0 && !lives(first));
        await other.gone("a");
        const status = await exec([LANCO, other.name, "status", "--json", "a"], { uid: 0 });
        assertEquals(JSON.parse(status.stdout).state, "timed out", status.stderr);
        await noneIsLeft(other);
      } finally {
        await other.remove();
      }
    },
  );
}

cgroupTest(
  "what keeps the time of a task takes less than 250 kB, and is one process in bash",
  async (ns) => {
    // So many that it hardly matters who else has the same libraries in memory.
    const count = 60;
    const requests = Array.from({ length: count }, (_, i) => ({
      command: "run",
      task: `a${i}`,
      args: ["sleep", "1000"],
      timeout: "1h",
    }));
    await answers(ns, ...requests);
    const bash = isBash(ns);
    // The shells execute other ones first.
    await until("each has its child", () => timeKeepers(ns).length === (bash ? 1 : 2) * count);
    await until(
      "they have executed",
      () =>
        timeKeepers(ns).every((pid) =>
          !/prologue|env/.test(Deno.readTextFileSync(`/proc/${pid}/comm`))
        ),
    );
    const kibibytes = timeKeepers(ns).map((pid) =>
      Number(/^Pss:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`))?.[1])
    );
    const average = kibibytes.reduce((sum, one) => sum + one, 0) / count;
    assert(average < (bash ? 400 : 250), `${average} kB`);
    const { code } = await ns.lanco("stop", "--all", "--now");
    assertEquals(code, 0);
    await noneIsLeft(ns);
  },
);

cgroupTest("batch has the same as fields", async (ns) => {
  const fields = { timeout: "1s", killAfter: 0.5 };
  const tasks = ["a", "b", "c"];
  const started = await answers(
    ns,
    ...tasks.map((task) => ({ command: "run", task, args: FOREVER, ...fields })),
  );
  assertEquals(
    started.map(({ output }) => output.timeout),
    Array(3).fill({ after: 1000, killAfter: 500 }),
  );
  for (const task of tasks) assertEquals((await ns.lanco("wait", "-t", "120", task)).code, 137);
  await noneIsLeft(ns);
});

cgroupTest("a wrong time limit is refused, and nothing is left of a failed start", async (ns) => {
  const wrong: [string[], RegExp][] = [
    ...["-1", "0", "1e9", "5x", "", "1000d"].map((text): [string[], RegExp] => [
      [`--timeout=${text}`],
      /option --timeout needs a (duration such as 90s, 15m or 2h, from 0\.1s to 365d, not|value)/,
    ]),
    [["--timeout", "1", "--kill-after", "0"], /option --kill-after needs a duration/],
    [["--kill-after", "1"], /option --kill-after needs --timeout beside it/],
  ];
  for (const [words, message] of wrong) {
    const { code, stderr } = await ns.lanco("run", ...words, "a", "true");
    assertEquals(code, 2, words.join(" "));
    assertMatch(stderr, message);
  }
  Deno.writeTextFileSync(`${ns.scratch}/odd`, "#!/no/such/interpreter\n", { mode: 0o755 });
  assertEquals((await ns.lanco("run", "--timeout", "1h", "a", `${ns.scratch}/odd`)).code, 127);
  await noneIsLeft(ns);
  const { code } = await ns.lanco("run", "--timeout", "1h", "-l", "/no/such/log", "a", "true");
  assertEquals(code, 1);
  await noneIsLeft(ns);
  const traces = (await ns.tracesAtRest()).filter((path) => !path.endsWith(".log"));
  assertEquals(traces, []);
});
