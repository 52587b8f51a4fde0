import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  CAN_TEST_CGROUPS,
  cgroupTest,
  exec,
  exists,
  LANCO,
  LEGACY,
  OWNER,
  OWNER_GROUP,
  OWNER_NAME,
  start,
  TestNamespace,
  until,
} from "./harness.ts";

/** The executable of the version before (scripts/before). */
const BEFORE = Deno.env.get("LANCO_BEFORE") ?? "";

const DIRECTIONS = { "this version": [BEFORE, LANCO], "the version before": [LANCO, BEFORE] };

for (const [name, [old = "", young = ""]] of Object.entries(DIRECTIONS)) {
  Deno.test({
    name: `what another has started is looked after by ${name}`,
    ignore: !CAN_TEST_CGROUPS || BEFORE === "" || LEGACY,
    async fn() {
      const ns = new TestNamespace();
      try {
        Deno.mkdirSync(ns.scratch, { recursive: true });
        Deno.chownSync(ns.scratch, OWNER, OWNER_GROUP);
        await isLookedAfter(ns, old, young);
      } finally {
        await ns.remove();
      }
    },
  });
}

cgroupTest("a record of a version to come is refused, and its task is looked after", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const file = `${ns.directory}/runs/a/run.json`;
  const record = JSON.parse(Deno.readTextFileSync(file));
  Deno.writeTextFileSync(file, JSON.stringify({ ...record, version: 2, command: 5 }));
  const refused = /cannot read the record of task a: it is not of version 1: ask the lanco that/;
  assertEquals((await ns.lanco("check", "a")).code, 0);
  const { code, stdout, stderr } = await ns.lanco("status", "a");
  assertEquals([code, stdout.startsWith("a: running")], [0, true]);
  assertMatch(stderr, refused);
  for (const command of ["pause", "resume"]) await ns.must(command, "a");
  await ns.must("stop", "a");
  const ended = await ns.lanco("status", "a");
  assertEquals(ended.code, 1);
  assertMatch(ended.stderr, refused);
  await ns.must("run", "a", "true");
  assertEquals((await ns.lanco("wait", "a")).code, 0);
});

/** One version starts tasks, and then the other is in its place. */
async function isLookedAfter(ns: TestNamespace, old: string, young: string): Promise<void> {
  const asks = (executable: string) => async (...args: string[]) => {
    const { code, stdout, stderr } = await exec([executable, ns.name, ...args]);
    assertEquals(stderr, "", args.join(" "));
    return { code, stdout };
  };
  const [first, then] = [asks(old), asks(young)];
  const init = ["init", "-u", String(OWNER), "-g", String(OWNER_GROUP)];
  const root = async (executable: string, ...args: string[]) => {
    const { code, stderr } = await exec([executable, ns.name, ...args], { uid: 0 });
    assertEquals([code, stderr], [0, ""]);
  };
  const state = async (ask: typeof then, task: string) =>
    JSON.parse((await ask("status", task, "--json")).stdout);

  await root(old, ...init);
  const [go, ended] = [`${ns.scratch}/go`, `${ns.scratch}/ended`];
  const job = ["sh", "-c", "echo begun; sleep 1000 & wait"];
  await first("run", "--pids", "50", "-c", `echo "$LANCO_STATUS" >${ended}`, "job", ...job);
  await first("run", "quick", "sh", "-c", `until [ -e ${go} ]; do sleep 0.05; done; exit 7`);
  const born = JSON.stringify({ command: "run", args: ["born", "sleep", "1000"] });
  assertEquals((await exec([old, ns.name, "batch"], { stdin: `${born}\n` })).code, 0);

  // The one who waited before the upgrade, and those who come after it.
  const waiting = [first("wait", "quick"), then("wait", "quick")];
  const events = start([young, ns.name, "events", "--json"], { stdout: "piped" });
  const heard = new Response(events.stdout).text();
  for (const task of ["job", "quick", "born"]) {
    assertEquals((await then("check", task)).code, 0);
    assertEquals((await exec([young, ns.name, "run", task, "true"])).code, 4);
  }
  assertStringIncludes((await then("ls", "-l")).stdout, "job");
  assertEquals((await then("logs", "job")).stdout, "begun\n");
  const seen = await state(then, "job");
  assertEquals([seen.state, seen.command, seen.limits], ["running", job, { pids: 50 }]);
  assert(seen.usage.pids.now >= 2);
  assertEquals(Object.keys(JSON.parse((await then("dump")).stdout).tasks).length, 3);
  assertEquals((await then("pause", "job")).code, 0);
  assertEquals((await state(first, "job")).state, "paused");
  assertEquals((await then("resume", "job")).code, 0);

  // Root's part is replaced under them.
  await root(young, ...init);
  for (const ask of [first, then]) assertEquals((await ask("check", "job", "born")).code, 0);

  Deno.writeTextFileSync(go, "");
  assertEquals((await Promise.all(waiting)).map(({ code }) => code), [7, 7]);
  assertEquals((await then("stop", "job")).code, 0);
  await until("its exit command has run", () => exists(ended) && Deno.statSync(ended).size > 0);
  assertEquals(Deno.readTextFileSync(ended), "143\n");
  for (const ask of [first, then]) {
    assertEquals((await ask("check", "job")).code, 3);
    const { state: how, signal, stopped, usage } = await state(ask, "job");
    assertEquals([how, signal, stopped.by], ["killed", "SIGTERM", OWNER_NAME]);
    assert(usage.cpu.total > 0);
  }

  // The other way round, under the same name.
  assertEquals((await then("run", "job", "sleep", "1000")).code, 0);
  assertEquals((await first("check", "job")).code, 0);
  assertEquals((await state(first, "job")).state, "running");
  assertEquals((await first("stop", "--now", "job", "born")).code, 0);
  assertEquals((await then("check", "job")).code, 3);

  events.kill("SIGTERM");
  const told = (await heard).trim().split("\n").map((line) => JSON.parse(line));
  await events.status;
  const ends = told.filter(({ event }) => event === "end").map(({ task }) => task);
  assertEquals(ends.toSorted(), ["born", "job", "job", "quick"]);
  await root(young, "release");
  assert(!exists(ns.directory));
}
