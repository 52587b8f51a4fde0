import { assert, assertEquals, assertMatch } from "@std/assert";
import { answers, openBatch } from "../batch.ts";
import { cgroupTest, exec, exists, LANCO, shell, type TestNamespace, until } from "../harness.ts";

const SLEEP = ["sleep", "1000"];

const replace = (ns: TestNamespace, ...args: string[]) => ns.lanco("run", "--replace", ...args);

/** What is left of reservations of names. */
function reservations(ns: TestNamespace): string[] {
  return ["named", "unified/shims"].map((place) => `${ns.directory}/${place}`).filter(exists)
    .flatMap((place) => [...Deno.readDirSync(place)].map(({ name }) => name))
    .filter((name) => /^(new-for|next)-/.test(name));
}

cgroupTest("run --replace stops the run of this name, and starts", async (ns) => {
  assertEquals((await replace(ns, "a", ...SLEEP)).code, 0);
  const first = ns.record("a").run;
  const [before = 0] = ns.task("a");
  assertEquals((await replace(ns, "a", "sleep", "2000")).code, 0);
  const { runs } = JSON.parse(await ns.must("ls", "--runs", "--json", "a"));
  assertEquals(runs.map(({ state }: { state: string }) => state), ["killed", "running"]);
  assertEquals(runs[0].run, first);
  assertEquals(ns.record("a").command, ["sleep", "2000"]);
  assert(!ns.task("a").includes(before));
  const stopped = JSON.parse(await ns.must("status", "--json", "--run", "-1", "a"));
  assertEquals([stopped.stopped.by, stopped.signal], ["games", "SIGTERM"]);
  // As stop does: by the manner that the starter has given, also if it is paused.
  await replace(
    ns,
    "--stop-signal",
    "INT",
    "a",
    "sh",
    "-c",
    "trap 'exit 7' INT; sleep 1000 & wait",
  );
  await until("it traps", () => ns.task("a").length === 2);
  await ns.must("pause", "a");
  assertEquals((await replace(ns, "a", ...SLEEP)).code, 0);
  assertEquals(JSON.parse(await ns.must("status", "--json", "--run", "-1", "a")).code, 7);
  // A task that heeds no signal is killed.
  await replace(
    ns,
    "--stop-timeout",
    "0.2",
    "b",
    "sh",
    "-c",
    "trap '' TERM; while :; do sleep 1; done",
  );
  assertEquals((await replace(ns, "b", ...SLEEP)).code, 0);
  await ns.must("stop", "--now", "a", "b");
  assertEquals(reservations(ns), []);
});

cgroupTest("what cannot be started replaces nothing", async (ns) => {
  await ns.must("run", "a", ...SLEEP);
  const { run } = ns.record("a");
  const cases: [number, string[]][] = [
    [127, ["a", "nosuch"]],
    [126, ["a", "/etc/passwd"]],
    [1, ["--chdir", "/nosuch", "a", ...SLEEP]],
    [2, ["--once", "a", ...SLEEP]],
    [2, ["--memory", "1", "a", ...SLEEP]],
  ];
  for (const [status, args] of cases) {
    assertEquals((await replace(ns, ...args)).code, status, args.join(" "));
  }
  assertEquals((await ns.lanco("check", "a")).code, 0);
  assertEquals(ns.record("a").run, run);
  await until("no reservation is left", () => reservations(ns).length === 0);
  assertEquals((await ns.lancoWith({ uid: 0 }, "run", "--replace", "a", ...SLEEP)).code, 6);
  await ns.must("stop", "--now", "a");
});

cgroupTest("run --replace with more than the namespace has replaces nothing", async (ns) => {
  await ns.init("--pids", "100");
  await ns.must("run", "a", ...SLEEP);
  const { run } = ns.record("a");
  const tooMuch = await replace(ns, "--pids", "200", "a", ...SLEEP);
  assertEquals(tooMuch.code, 6);
  assertMatch(tooMuch.stderr, /--pids is more than namespace .* has/);
  assertEquals([(await ns.lanco("check", "a")).code, ns.record("a").run], [0, run]);
  await ns.must("stop", "--now", "a");
});

cgroupTest("nobody gets the name while run --replace has it", async (ns) => {
  const slow = ["sh", "-c", "trap 'sleep 1; exit' TERM; sleep 1000 & wait"];
  await ns.must("run", "a", ...slow);
  const batch = openBatch(ns);
  let over = false;
  // These would get the name as soon as it is free.
  const others = Promise.all([0, 1, 2, 3].map(async () => {
    const statuses = new Set<number>();
    while (!over) {
      const { exitStatus } = await batch.ask("run", "--keep", "0", "a", "sleep", "3000");
      statuses.add(exitStatus);
    }
    return statuses;
  }));
  for (let i = 0; i < 5; i++) {
    const command = i < 4 ? [...slow, `${i}`] : SLEEP;
    const { code, stderr } = await replace(ns, "--keep", "0", "a", ...command);
    assertEquals(code, 0, stderr);
    assertEquals(ns.record("a").command, command);
  }
  over = true;
  for (const statuses of await others) assertEquals([...statuses], [4]);
  await batch.end();
  const { runs } = JSON.parse(await ns.must("ls", "--runs", "--json", "a"));
  assertEquals(runs.length, 6);
  await ns.must("stop", "--now", "a");
});

cgroupTest("of several run --replace at once, each replaces the one before", async (ns) => {
  const batches = [0, 1, 2, 3].map(() => openBatch(ns));
  for (let round = 0; round < 3; round++) {
    const all = await Promise.all(
      batches.map(({ ask }, i) =>
        ask("run", "--replace", "--keep", "0", "a", "sleep", String(1000 + i))
      ),
    );
    assertEquals(all.map(({ exitStatus }) => exitStatus), [0, 0, 0, 0], JSON.stringify(all));
    assertEquals((await ns.lanco("check", "a")).code, 0);
    assertEquals(ns.task("a").length, 1);
  }
  const { runs } = JSON.parse(await ns.must("ls", "--runs", "--json", "a"));
  assertEquals(runs.length, 12);
  assertEquals(runs.filter(({ state }: { state: string }) => state === "running").length, 1);
  for (const { end } of batches) await end();
  await ns.must("stop", "--now", "a");
  await until("no reservation is left", () => reservations(ns).length === 0);
});

cgroupTest("a run --replace that is killed leaves the name free", async (ns) => {
  await ns.must("run", "a", "sh", "-c", "trap '' TERM; sleep 1000");
  const line = `"$@" & until ls ${ns.directory}/named ${ns.directory}/unified/shims 2>/dev/null |
    grep -qE '^(new-for|next)-a$'; do sleep 0.01; done; kill -KILL $!; wait; :`;
  await exec(["sh", "-c", line, "sh", LANCO, ns.name, "run", "--replace", "a", ...SLEEP]);
  assertEquals((await ns.lanco("stop", "--now", "a")).code, 0);
  await until("its shim has ended", async () => (await ns.lanco("run", "a", "true")).code === 0);
  await ns.gone("a");
  assertEquals((await replace(ns, "a", ...SLEEP)).code, 0);
  await shell(`kill ${ns.task("a").join(" ")}`);
  await ns.gone("a");
  assertEquals(reservations(ns), []);
});

cgroupTest("lines of a batch replace runs", async (ns) => {
  const told = await answers(
    ns,
    { id: 1, command: "run", task: "a", args: SLEEP },
    { id: 2, command: "run", task: "a", args: SLEEP, replace: true },
    { id: 3, command: "run", task: "a", args: SLEEP },
    { id: 4, command: "stop", task: "a", now: true },
  );
  told.sort((x, y) => x.id - y.id);
  assertEquals(told.map(({ exitStatus }) => exitStatus), [0, 0, 4, 0]);
});
