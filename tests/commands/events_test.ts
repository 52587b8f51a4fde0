import { assert, assertEquals, assertMatch } from "@std/assert";
import { SCHEMAS } from "../../src/show/schema.ts";
import { writeStop } from "../../src/task/record.ts";
import { departures } from "../show/conform.ts";
import { answersIn } from "../batch.ts";
import { listen, story } from "./listener.ts";
import { cgroupTest, exec, LANCO, OWNER, shell, STRANGER, until } from "../harness.ts";

cgroupTest("events prints which tasks run, start, pause, resume and end", async (ns) => {
  await ns.must("run", "old", "sleep", "1000");
  await ns.must("run", "held", "sleep", "1000");
  await ns.must("pause", "held");
  const { heard, ready, ends, stop } = listen(ns);
  await ready();
  await ns.must("run", "a", "sh", "-c", "exit 3");
  await ns.must("run", "b", "sleep", "1000");
  await ns.must("pause", "b");
  await ns.must("resume", "b");
  await ns.must("stop", "b");
  await ns.lancoWith({ uid: 0 }, "stop", "--now", "old");
  await ns.must("run", "c", "sh", "-c", "kill -9 $$");
  await ns.must("run", "d", "sleep", "1000");
  Deno.kill(ns.shim("d"), "SIGKILL");
  await ns.must("stop", "--now", "d");
  await ends(5);
  await stop();
  assertEquals(story(heard, "old"), ["present running", "end killed SIGKILL root"]);
  assertEquals(story(heard, "held"), ["present paused"]);
  assertEquals(story(heard, "a"), ["start", "end exited 3"]);
  assertEquals(story(heard, "b"), ["start", "pause", "resume", "end killed SIGTERM games"]);
  assertEquals(story(heard, "c"), ["start", "end killed SIGKILL"]);
  assertEquals(story(heard, "d"), ["start", "end unknown games"]);
  for (const event of heard) assertEquals(departures(event, SCHEMAS.events), []);
  await ns.must("stop", "--now", "held");
});

cgroupTest("events names the first of two users who stopped a task", async (ns) => {
  const { heard, ready, ends, stop } = listen(ns);
  await ready();
  await ns.must("run", "a", "sleep", "1000");
  for (const by of ["first", "second"]) {
    writeStop(ns.runDirectory("a"), { by, signal: "SIGTERM", at: 1 });
  }
  Deno.kill(ns.task("a")[0] ?? 0, "SIGKILL");
  await ends(1);
  await stop();
  assertEquals(story(heard, "a"), ["start", "end killed SIGKILL first"]);
});

cgroupTest(
  "events neither loses nor repeats a run, however short, or when many end at once",
  async (ns) => {
    const { heard, ready, ends, stop } = listen(ns);
    await ready();
    const short = Array.from({ length: 300 }, (_, i) => ({
      command: "run",
      args: [`t${i % 50}`, "sh", "-c", `exit ${Math.floor(i / 50)}`],
    }));
    const retry = `while ! $lanco run x sh -c 'exit 9'; do :; done`;
    const long = Array.from({ length: 200 }, (_, i) => ({
      command: "run",
      args: [`l${i}`, "sleep", "1000"],
    }));
    const lines = [...short, ...long].map((request) => JSON.stringify(request) + "\n").join("");
    const [{ stdout }] = await Promise.all([
      ns.lancoWith({ stdin: lines }, "batch"),
      shell(`lanco="${LANCO} ${ns.name}"; for i in 1 2 3; do ${retry}; done 2>/dev/null`),
    ]);
    const answers = answersIn(stdout);
    const started = answers.filter(({ exitStatus }) => exitStatus === 0).length + 3;
    // A run is refused while the run before it has not ended yet.
    assert(answers.every(({ exitStatus }) => exitStatus === 0 || exitStatus === 4));
    const names = long.map(({ args: [name = ""] }) => name);
    await ns.must("stop", "--now", ...names);
    await ends(started);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await stop();
    const of = (what: string) => heard.filter(({ event }) => event === what);
    assertEquals([of("start").length, of("end").length], [started, started]);
    assertEquals(new Set(of("end").map(({ run }) => run)).size, started);
    for (const end of of("end")) {
      const begin = of("start").findIndex(({ run }) => run === end.run);
      assert(begin >= 0);
      assert(end.state === (names.includes(end.task) ? "killed" : "exited"), JSON.stringify(end));
    }
    assertEquals(story(heard, "x").filter((line) => line === "end exited 9").length, 3);
  },
);

cgroupTest(
  "events tells what came and went while it was held, and is told too much",
  async (ns) => {
    const { pid, heard, ready, ends, stop } = listen(ns);
    await ready();
    await ns.must("run", "long", "sleep", "1000");
    await ns.must("run", "paused", "sleep", "1000");
    await until("it was heard", () => story(heard, "paused").length === 1);
    Deno.kill(pid, "SIGSTOP");
    for (let i = 0; i < 3; i++) {
      await ns.must("run", "a", "sh", "-c", `exit ${i}`);
      await ns.lanco("wait", "a");
      await ns.gone("a");
      await ns.must("pause", "paused");
      await ns.must("resume", "paused");
    }
    // More than the kernel keeps for it (/proc/sys/fs/inotify/max_queued_events).
    await exec([
      "python3",
      "-c",
      "import os\nfor i in range(40000): os.utime('task-%s' % ('long', 'paused')[i % 2])",
    ], {
      cwd: `${ns.directory}/named`,
    });
    await ns.must("run", "b", "sh", "-c", "exit 7");
    await ns.must("stop", "--now", "long");
    await ns.must("pause", "paused");
    Deno.kill(pid, "SIGCONT");
    await ends(5);
    await until("all was heard", () => story(heard, "paused").length === 8);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    await stop();
    assertEquals(story(heard, "a"), [0, 1, 2].flatMap((i) => ["start", `end exited ${i}`]));
    assertEquals(story(heard, "b"), ["start", "end exited 7"]);
    assertEquals(story(heard, "long"), ["start", "end killed SIGKILL games"]);
    const pauses = [1, 2, 3].flatMap(() => ["pause", "resume"]);
    assertEquals(story(heard, "paused"), ["start", ...pauses, "pause"]);
  },
);

cgroupTest("events ends a run whose record is gone, and tells of the next", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const { heard, ready, ends, stop } = listen(ns);
  await ready();
  await ns.must("run", "b", "sleep", "1000");
  await until("it was heard", () => story(heard, "b").length === 1);
  await shell(`rm -rf ${ns.directory}/runs/*`);
  await ns.must("stop", "--now", "a", "b");
  await ends(2);
  await ns.must("run", "a", "sh", "-c", "exit 3");
  await ends(3);
  await stop();
  assertEquals(story(heard, "a"), ["present running", "end unknown", "start", "end exited 3"]);
  assertEquals(story(heard, "b"), ["start", "end unknown"]);
  const whys = heard.filter(({ event }) => event === "end").map(({ why }) => why);
  assertEquals(whys, ["its record is gone", "its record is gone", null]);
});

cgroupTest("events uses no CPU time between events, and ends with its namespace", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const { pid, ready, status } = listen(ns, "[a-z]*");
  await ready();
  const ticks = () =>
    Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ").slice(11, 13)
      .map(Number).reduce((a, b) => a + b);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = ticks();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert(ticks() - before <= 1, `${ticks() - before} ticks`);
  await ns.must("stop", "--now", "a");
  assertEquals((await ns.lancoWith({ uid: 0 }, "release")).code, 0);
  assertEquals((await status).code, 5);
});

cgroupTest("events serves only users who may read the records", async (ns) => {
  const stranger = await ns.lancoWith({ uid: STRANGER }, "events");
  assertEquals(stranger.code, 6, stranger.stderr);
  assertEquals((await ns.lanco("events", "[z-a]")).code, 2);
  assertEquals((await exec([LANCO, "no-such-namespace", "events"])).code, 5);
  await ns.must("run", "good", "sleep", "1000");
  await ns.must("run", "other", "sleep", "1000");
  for (const uid of [0, OWNER]) {
    const stdout = await ns.firstLines(2, ["events", "g*"], { uid });
    assertMatch(stdout, /^\S+ present good\n\S+ ready\n$/);
  }
});

cgroupTest("events prints nothing about a command that could not be executed", async (ns) => {
  const { heard, ready, stop } = listen(ns);
  await ready();
  const script = `${ns.scratch}/script`;
  Deno.writeTextFileSync(script, "#!/no/such/interpreter\n");
  Deno.chmodSync(script, 0o755);
  assertEquals((await ns.lanco("run", "a", script)).code, 127);
  await ns.must("run", "b", "true");
  await until("b has ended", () => story(heard, "b").length === 2);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await stop();
  assertEquals(story(heard, "a"), []);
});

cgroupTest("events in a batch goes on beside other requests until it is cancelled", async (ns) => {
  const stdin = [
    { id: "e", command: "events" },
    { id: 1, command: "run", args: ["a", "sh", "-c", "exit 4"] },
    { id: 2, command: "wait", args: ["a"] },
  ].map((request) => JSON.stringify(request) + "\n").join("");
  const out = `${ns.scratch}/answers`;
  const told = `until grep -q '"event":"end"' ${out}; do sleep 0.05; done`;
  const { code, stdout } = await shell(
    `: >${out}; { printf '%s' '${stdin}'; ${told}; echo '{"id":"e","command":"cancel"}'; } | ${LANCO} ${ns.name} batch >${out}; code=$?; cat ${out}; exit $code`,
  );
  assertEquals(code, 0);
  const all = answersIn(stdout);
  const events = all.filter(({ event }) => event).map(({ id, event }) => `${id} ${event.event}`);
  assertEquals(events, ["e ready", "e start", "e end"]);
  // The cancelled request itself is answered, once.
  const answers = all.filter(({ id, event }) => id === "e" && !event);
  assertEquals(answers.map(({ exitStatus }) => exitStatus), [0]);
  assertEquals(all.find(({ id }) => id === 2).exitStatus, 4);
});
