import { assert, assertEquals, assertMatch } from "@std/assert";
import { talkTo } from "../batch.ts";
import { cgroupTest, LANCO, lives, shell, type TestNamespace, until } from "../harness.ts";
import { actingFor, FEW_PROCESSES, HINDRANCES, stubborn } from "./owner_process.ts";

/** What is answered about one request. */
type Answer = Awaited<ReturnType<ReturnType<typeof talkTo>["ask"]>>;

/** Has root talk to a batch of his. */
async function rootsBatch(
  ns: TestNamespace,
  body: (batch: ReturnType<typeof talkTo> & { acting: () => Promise<number> }) => Promise<void>,
  [program = "", ...args]: string[] = [LANCO],
): Promise<void> {
  const words = [...args, ns.name, "batch"];
  const streams = { stdin: "piped", stdout: "piped" } as const;
  const child = new Deno.Command(program, { args: words, cwd: "/", ...streams }).spawn();
  const batch = talkTo(child);
  const acting = async () => {
    let pid: number | undefined;
    await until("it acts", () => (pid = actingFor(child.pid)) !== undefined);
    return pid ?? 0;
  };
  let over = false;
  child.status.then(() => over = true);
  try {
    await body({ ...batch, acting });
  } finally {
    if (!over) child.kill("SIGKILL");
    await batch.end();
  }
}

/** Tells of an answer in a line. */
function told({ exitStatus, messages }: Answer): string {
  return [exitStatus, ...messages].join("\n");
}

for (const [verb, hinder] of HINDRANCES) {
  cgroupTest(
    `root's batch stops what it is asked to when the owner ${verb} what acts`,
    async (ns) => {
      const pids = [await stubborn(ns, "a"), await stubborn(ns, "b"), await stubborn(ns, "c")]
        .flat();
      await rootsBatch(ns, async ({ ask, say, answers, acting, end }) => {
        assertEquals((await ask("check", "a")).exitStatus, 0);
        const pid = await acting();
        await say({ id: "wait", command: "wait", args: ["c"] });
        assertEquals((await ask("check", "c")).exitStatus, 0);
        // Nobody but root hears what they say to each other.
        assertEquals(answers().filter((answer) => "turn" in answer), []);
        if (verb === "kills") Deno.kill(pid, "SIGSTOP");
        else assertEquals((await shell(hinder(pid, ns))).code, 0);
        // The one does not wait for the others; what follows a check or wait waits for these.
        const stopping = [ask("stop", "-t", "1", "a"), ask("check", "b"), ask("wait", "b")];
        const last = ask("stop", "--now", "b");
        // Root himself answers this, when he has taken all before it.
        assertEquals((await ask("nonsense")).exitStatus, 2);
        if (verb === "kills") assertEquals((await shell(hinder(pid, ns))).code, 0);
        const [stop, check, wait] = await Promise.all(stopping);
        assertMatch(
          told(stop),
          verb === "kills"
            ? /^0\n.* the process that acted as games for root was killed by SIGKILL: root kills what is left$/
            : /^0\n.* the process that acted as games for root has not answered in 6 seconds: root kills what is left$/,
        );
        const why = verb === "kills"
          ? /acted as games for root was killed by SIGKILL$/
          : /acted as games for root said nothing for 30 seconds and was killed$/;
        assertMatch(told(check), why);
        assertEquals(check.exitStatus, 1);
        const waited = answers().find(({ id }) => id === "wait");
        assertMatch(told(waited), why);
        assertEquals(waited.exitStatus, 125);
        // Another one acts.
        const ended = await last;
        assertEquals(ended.exitStatus, 0, told(ended));
        // On a busy host the new one may have no time to act either: root's kill takes the shim, too.
        const unknown = told(ended).includes("root kills what is left") ? 125 : 137;
        assert([137, unknown].includes(wait.exitStatus), told(wait));
        assert(!lives(pid) && await acting() !== pid);
        assertEquals((await ask("check", "a")).exitStatus, 3);
        assertEquals((await ask("stop", "--now", "c")).exitStatus, 0);
        assertEquals(pids.filter(lives), []);
        assertEquals((await end()).code, 0);
      });
    },
  );
}

cgroupTest("root's batch stops for an owner who may have no more processes", async (ns) => {
  const pids = await stubborn(ns);
  await rootsBatch(ns, async ({ ask }) => {
    assertMatch(told(await ask("check", "a")), /^1\n.*cannot act as games: .*RLIMIT_NPROC/);
    assertMatch(told(await ask("stop", "-t", "1", "a")), /^0\n.*RLIMIT_NPROC.*: root kills/);
    assertEquals(pids.filter(lives), []);
  }, [...FEW_PROCESSES, LANCO]);
});

cgroupTest(
  "root's batch keeps the order of what concerns a task, and hands on events",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    await rootsBatch(ns, async ({ say, answers, ask, end }) => {
      await say({ id: "events", command: "events" });
      await until("it listens", () => answers().some(({ event }) => event?.event === "ready"));
      await say(
        { id: { n: 1 }, command: "wait", args: ["a"] },
        { id: 1, command: "pause", task: "a" },
        { id: 2, command: "status", args: ["a"] },
        { id: 3, command: "stop", task: "a", signal: "INT", timeout: 20 },
        { id: 4, command: "status", args: ["a"] },
        { id: 5, command: "wait", args: ["--", "a"] },
        { id: 6, command: "run", args: ["a", "true"] },
        { id: 7, command: "release", args: [] },
        { id: 8, command: "kill", args: ["a"] },
      );
      await until(
        "all is answered",
        () => answers().filter((answer) => !answer.event).length === 9,
      );
      const statusOf = (id: unknown) =>
        answers().find((answer) =>
          !answer.event && JSON.stringify(answer.id) === JSON.stringify(id)
        );
      assertEquals(
        [{ n: 1 }, 1, 2, 3, 4, 5, 6, 7, 8].map((id) => statusOf(id).exitStatus),
        [130, 0, 0, 0, 0, 130, 6, 6, 3],
      );
      assertEquals([2, 4].map((id) => statusOf(id).output.state), ["paused", "killed"]);
      assertEquals(statusOf(4).output.stopped.by, "root");
      assert(answers().some(({ id, event }) => id === "events" && event?.event === "end"));
      await say({ id: "events", command: "cancel" });
      await until("it is taken back", () => statusOf("events") !== undefined);
      assertEquals((await ask("check", "a")).exitStatus, 3);
      assertEquals((await end()).code, 0);
    });
  },
);

for (const [signal, status] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
  cgroupTest(
    `root's batch ends with ${signal}, whatever its owner holds, and kills nothing`,
    async (ns) => {
      const pids = await stubborn(ns);
      await rootsBatch(ns, async ({ batch, ask, say, acting, end }) => {
        await ask("check", "a");
        const pid = await acting();
        assertEquals((await shell(`kill -STOP ${pid}`)).code, 0);
        await say({ id: 1, command: "stop", args: ["a"] }, {
          id: 2,
          command: "check",
          args: ["b"],
        });
        assertEquals((await ask("nonsense")).exitStatus, 2);
        batch.kill(signal);
        assertEquals((await batch.status).code, status);
        await end();
        assert(!lives(pid));
        assertEquals(pids.filter((pid) => !lives(pid)), []);
      });
    },
  );
}

cgroupTest("root's batch ends with its reader, and what acts with it", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const streams = { stdin: "piped", stdout: "piped" } as const;
  const words = { args: [ns.name, "batch"], cwd: "/", ...streams };
  const batch = new Deno.Command(LANCO, words).spawn();
  const writer = batch.stdin.getWriter();
  const say = (command: string) =>
    writer.write(new TextEncoder().encode(JSON.stringify({ command, args: ["a"] }) + "\n"));
  await say("wait");
  await say("events");
  let acting: number | undefined;
  await until("it acts", () => (acting = actingFor(batch.pid)) !== undefined);
  await batch.stdout.cancel();
  await say("check");
  assertEquals((await batch.status).code, 0);
  assert(!lives(acting ?? 0));
  await writer.close().catch(() => {});
});

cgroupTest("root's batch goes on when the executable is replaced", async (ns) => {
  const program = `${ns.scratch}/lanco`;
  Deno.copyFileSync(LANCO, program);
  await ns.must("run", "a", "sleep", "1000");
  await rootsBatch(ns, async ({ ask }) => {
    Deno.copyFileSync(LANCO, `${program}.new`);
    Deno.renameSync(`${program}.new`, program);
    const { exitStatus, messages } = await ask("status", "a");
    assertEquals([exitStatus, messages], [0, []]);
    assertEquals((await ask("stop", "--now", "a")).exitStatus, 0);
  }, [program]);
});
