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

/** Declares a test with the version before, in a namespace that it makes itself. */
function upgradeTest(name: string, body: (ns: TestNamespace) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !CAN_TEST_CGROUPS || BEFORE === "" || LEGACY,
    async fn() {
      const ns = new TestNamespace();
      try {
        Deno.mkdirSync(ns.scratch, { recursive: true });
        Deno.chownSync(ns.scratch, OWNER, OWNER_GROUP);
        await body(ns);
      } finally {
        await ns.remove();
      }
    },
  });
}

const INIT = ["init", "-u", String(OWNER), "-g", String(OWNER_GROUP)];

async function asRoot(ns: TestNamespace, executable: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await exec([executable, ns.name, ...args], { uid: 0 });
  assertEquals([code, stderr], [0, ""]);
}

upgradeTest("what the version before has started is looked after by this one", async (ns) => {
  await isLookedAfter(ns, BEFORE, LANCO);
});

upgradeTest("the version before changes nothing in a namespace of this one", async (ns) => {
  await asRoot(ns, LANCO, ...INIT);
  await ns.must("run", "-c", `touch ${ns.scratch}/ended`, "a", "sleep", "1000");
  await ns.must("run", "b", "sh", "-c", "exit 3");
  await ns.gone("b");
  const files = [`${ns.directory}/namespace.json`, ns.agent];
  const seen = () => [
    ns.traces(),
    ...files.map((file) => Deno.readTextFileSync(file)),
    ns.pids("named/task-a"),
  ];
  const before = seen();
  const attempts = [
    ["run", "a", "true"],
    ["run", "c", "true"],
    ["stop", "a"],
    ["stop", "--now", "a"],
    ["pause", "a"],
    ["signal", "TERM", "a"],
    ["release", "a"],
    ["status", "a"],
    ["wait", "b"],
    ["ls", "-a"],
    ["dump"],
    ["metrics"],
    ["events"],
  ];
  for (const uid of [OWNER, 0]) {
    for (const words of attempts) {
      const { code, stderr } = await exec([BEFORE, ns.name, ...words], { uid });
      assert([1, 4, 125].includes(code), `${words.join(" ")}: ${code} ${stderr}`);
      assertEquals(seen(), before, words.join(" "));
    }
  }
  const init = await exec([BEFORE, ns.name, ...INIT], { uid: 0 });
  assertEquals([init.code, seen()], [1, before], init.stderr);
  assertEquals((await exec([BEFORE, ns.name, "check", "a"])).code, 0);
  // This one goes on as if nothing had been.
  assertEquals((await ns.lanco("wait", "b")).code, 3);
  await ns.must("stop", "a");
  await until("its exit command has run", () => exists(`${ns.scratch}/ended`));
  await asRoot(ns, LANCO, ...INIT);
  await asRoot(ns, LANCO, "release");
});

cgroupTest("a record of a version to come is refused, and its task is looked after", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const file = `${ns.runDirectory("a")}/run.json`;
  const record = JSON.parse(Deno.readTextFileSync(file));
  Deno.writeTextFileSync(file, JSON.stringify({ ...record, version: 3, command: 5 }));
  const refused = /cannot read the record of task a: it is not of version 2: ask the lanco that/;
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
  const root = (executable: string, ...args: string[]) => asRoot(ns, executable, ...args);
  const state = async (ask: typeof then, task: string) =>
    JSON.parse((await ask("status", task, "--json")).stdout);

  await root(old, ...INIT);
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

  // Both have to do with one namespace, and the agent is that of the first.
  const late = `${ns.scratch}/late`;
  await then("run", "-c", `echo "$LANCO_STATUS" >${late}`, "new", "sleep", "1000");
  assertEquals((await first("check", "new")).code, 0);
  assertEquals((await exec([old, ns.name, "run", "new", "true"])).code, 4);
  assertEquals((await then("stop", "--now", "new")).code, 0);
  await until("its exit command has run", () => exists(late) && Deno.statSync(late).size > 0);
  const killed = await state(then, "new");
  assertEquals([killed.state, killed.command], ["killed", ["sleep", "1000"]]);
  assert(killed.usage.cpu.total > 0);
  // It has ended before "events" looks.
  events.kill("SIGSTOP");
  await first("run", "former", "sh", "-c", "exit 4");
  assertEquals((await then("wait", "former")).code, 4);
  await ns.gone("former");
  events.kill("SIGCONT");

  // Root's part is replaced under them.
  await root(young, ...INIT);
  for (const ask of [first, then]) assertEquals((await ask("check", "job", "born")).code, 0);

  Deno.writeTextFileSync(go, "");
  assertEquals((await Promise.all(waiting)).map(({ code }) => code), [7, 7]);
  assertEquals((await then("stop", "job")).code, 0);
  await until("its exit command has run", () => exists(ended) && Deno.statSync(ended).size > 0);
  assertEquals(Deno.readTextFileSync(ended), "143\n");
  assertEquals((await first("check", "job")).code, 3);
  const { state: how, signal, stopped, usage } = await state(then, "job");
  assertEquals([how, signal, stopped.by], ["killed", "SIGTERM", OWNER_NAME]);
  assert(usage.cpu.total > 0);
  assertEquals((await state(then, "quick")).code, 7);

  // The next run of the name is of this version.
  assertEquals((await then("run", "job", "sleep", "1000")).code, 0);
  assertEquals((await first("check", "job")).code, 0);
  assertEquals((await state(then, "job")).command, ["sleep", "1000"]);
  assertEquals((await then("stop", "--now", "job", "born")).code, 0);
  assertEquals((await state(then, "job")).signal, "SIGKILL");

  events.kill("SIGTERM");
  const told = (await heard).trim().split("\n").map((line) => JSON.parse(line));
  await events.status;
  const ends = told.filter(({ event }) => event === "end").map(({ task }) => task);
  assertEquals(ends.toSorted(), ["born", "former", "job", "job", "new", "quick"]);
  await root(young, "release");
  assert(!exists(ns.directory));
}
