import { assert, assertEquals } from "@std/assert";
import { answers, talkTo } from "../batch.ts";
import { cgroupTest, identity, LANCO, LEGACY, OWNER, start, until } from "../harness.ts";

/** The limit on the descriptors of the batch. */
const LIMIT = 128;

/** How many descriptors are left for the launches, in turn. */
const LEFT = [0, 2, 4, 6, 8, 9, 10, 11, 12, 13, 14, 16];

cgroupTest("a batch with few descriptors left launches a task wholly or not at all", async (ns) => {
  const held = Array.from({ length: LIMIT }, (_, i) => `held-${i}`);
  await answers(ns, ...held.map((task) => ({ command: "run", task, args: ["sleep", "1000"] })));
  const words = [`--nofile=${LIMIT}:${LIMIT}`, "setpriv", ...identity(OWNER), LANCO, ns.name];
  const process = new Deno.Command("prlimit", {
    args: [...words, "batch"],
    stdin: "piped",
    stdout: "piped",
    cwd: "/",
  }).spawn();
  const batch = talkTo(process);
  assertEquals((await batch.ask("run", "first", "sleep", "1000")).exitStatus, 0);
  const opened = () => [...Deno.readDirSync(`/proc/${process.pid}/fd`)].length;
  let started = 0;
  for (const left of LEFT) {
    const waits: string[] = [];
    // Each keeps a descriptor.
    for (const task of held) {
      if (opened() >= LIMIT - left) break;
      const id = crypto.randomUUID();
      waits.push(id);
      await batch.say({ id, command: "wait", args: [task] });
      // It waits, if this is answered.
      await batch.ask("check", task);
    }
    const tasks = Array.from({ length: 10 }, (_, i) => `a-${left}-${i}`);
    const launches = await Promise.all(
      tasks.map((task) => batch.ask("run", task, "sleep", "1000")),
    );
    const statuses = launches.map(({ exitStatus }) => exitStatus);
    for (const [i, task] of tasks.entries()) {
      assert([0, 1].includes(statuses[i]), `${left}: ${JSON.stringify(launches[i])}`);
      const { code } = await ns.lanco("check", task);
      assertEquals(code, statuses[i] === 0 ? 0 : 3, `${left}: ${JSON.stringify(launches[i])}`);
      if (statuses[i] === 0) started++;
    }
    for (const id of waits) await batch.say({ id, command: "cancel" });
    await until("the waits are over", () => opened() < LIMIT - 30);
    for (const [i, task] of tasks.entries()) {
      if (statuses[i] === 0) continue;
      const answer = await batch.ask("run", task, "sleep", "1000");
      assertEquals(answer.exitStatus, 0, `${left}: ${JSON.stringify(answer)}`);
    }
  }
  assert(started > 0 && started < 10 * LEFT.length, `${started} were started`);
  await batch.end();
});

cgroupTest(
  "a launch of a batch is undone though it cannot be found out why it failed",
  async (ns) => {
    // The batch looks whether the namespace is frozen, first at the start and then for the reason.
    const file = `${ns.directory}/${LEGACY ? "freezer/freezer.state" : "unified/cgroup.freeze"}`;
    const fault = ["-e", "trace=openat", "-e", "inject=openat:error=EMFILE:when=2+"];
    const strace = ["strace", "-qq", "-o", "/dev/null", "-P", file, ...fault];
    const batch = talkTo(
      start([...strace, LANCO, ns.name, "batch"], { stdin: "piped", stdout: "piped" }),
    );
    const logged = ["-l", "/nonexistent/a.log", "a", "sleep", "1000"];
    const answer = await batch.ask("run", ...logged);
    assertEquals(answer.exitStatus, 1, JSON.stringify(answer));
    assertEquals((await ns.lanco("check", "a")).code, 3);
    // The batch does not hold the name.
    await ns.must("run", "a", "sleep", "1000");
    await batch.end();
  },
);
