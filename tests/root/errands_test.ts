import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, exists, shell, type TestNamespace, until } from "../harness.ts";
import { StoppedAgent } from "./stopped_agent.ts";

const errands = (ns: TestNamespace) => `${ns.directory}/usage/.errands`;

/** The errands that were left for the agent at work. */
function left(ns: TestNamespace): string[] {
  return [...Deno.readDirSync(errands(ns))].filter(({ name }) => /^\d+$/.test(name))
    .map(({ name }) => textOf(`${errands(ns)}/${name}`).trim()).sort();
}

/** Makes the registered cgroups of tasks that have ended. */
async function ended(ns: TestNamespace, from: number, to: number): Promise<void> {
  const line = `cd ${ns.directory}/named && i=${from} &&
    while [ $i -le ${to} ]; do mkdir task-q$i task-q$i/x && rmdir task-q$i/x && i=$((i + 1)); done`;
  assertEquals((await shell(line)).code, 0);
}

function startedByKernel(ns: TestNamespace): string {
  return textOf(`${ns.directory}/named/release_agent`).trim();
}

/** Whether a file is locked. It is not tried, for that would lock it for a moment. */
function isLocked(ns: TestNamespace, lock: string): boolean {
  const inode = Deno.statSync(`${errands(ns)}/${lock}`).ino;
  return new RegExp(`: FLOCK .*:${inode} 0 EOF$`, "m").test(Deno.readTextFileSync("/proc/locks"));
}

function isEmpty(ns: TestNamespace): boolean {
  return ![...Deno.readDirSync(`${ns.directory}/named`)].some(({ name }) => /^task-q/.test(name));
}

/** Moments when an agent has the lock: before it writes "busy", at work, and as it empties that. */
const MOMENTS = ["begins", "works", "ends"] as const;

async function working(ns: TestNamespace, moment: typeof MOMENTS[number]): Promise<StoppedAgent> {
  // Else this agent would leave its errand to the one at work, and not come to that moment.
  await until(
    "no agent is at work",
    () => !exists(`${errands(ns)}/lock`) || !isLocked(ns, "lock"),
  );
  await shell(`mkdir ${ns.directory}/named/task-q0`);
  const busy = `${errands(ns)}/busy`;
  return await StoppedAgent.at(
    ns,
    "/task-q0",
    {
      begins: { call: "openat", path: busy, n: 3 },
      // Its own errand is begun, and nothing of it is done.
      works: { call: "openat", path: `${ns.directory}/named/task-q0/cgroup.procs` },
      ends: { call: "openat", path: busy, n: 4 },
    }[moment],
  );
}

for (const sh of ["/bin/dash", "/bin/bash", "/bin/busybox sh", "/bin/bash --posix"]) {
  cgroupTest(`errands that are left are done by the agent at work, under ${sh}`, async (ns) => {
    ns.runAgentUnder(sh);
    for (const moment of MOMENTS) {
      const agent = await working(ns, moment);
      try {
        await ended(ns, 1, 3);
        await until("three errands are left", () => left(ns).filter(Boolean).length === 3);
        assertEquals(left(ns), ["task-q1 0", "task-q2 0", "task-q3 0"]);
        assert(exists(`${ns.directory}/named/task-q1`));
        await agent.goOn();
      } finally {
        await agent.end();
      }
      // An agent that has left an errand may have got the lock instead.
      await until("all errands are done", () => isEmpty(ns) && left(ns).length === 0);
    }
  });

  cgroupTest(
    `errands of an agent that was killed are done by the next, under ${sh}`,
    async (ns) => {
      ns.runAgentUnder(sh);
      for (const moment of MOMENTS) {
        const agent = await working(ns, moment);
        try {
          await ended(ns, 1, 3);
          await until("three errands are left", () => left(ns).filter(Boolean).length === 3);
          // An agent that has left its errand and then finds the lock free would do them all.
          const leaving = ["pgrep", "-f", `${ns.agent} /task-q[1-3]`];
          await until(
            "the agents that left them have ended",
            async () => (await exec(leaving)).code === 1,
          );
        } finally {
          agent.kill();
          await agent.end();
        }
        assert(!isEmpty(ns));
        // The agent had not yet recorded its own errand, for which it has to be called again.
        if (moment === "begins") await ns.ring("task-q0");
        await ended(ns, 4, 4);
        await until("all are done", () => isEmpty(ns) && left(ns).length === 0);
      }
    },
  );

  cgroupTest(
    `when the agent that looks at all cgroups is killed another goes on, under ${sh}`,
    async (ns) => {
      ns.runAgentUnder(sh);
      const agent = await working(ns, "works");
      try {
        await ended(ns, 1, 400);
        await until("no more are left", () => textOf(`${errands(ns)}/all`) !== "");
        await until("the kernel starts no agents", () => startedByKernel(ns) === "");
        await until(
          "another agent waits",
          () => exists(`${errands(ns)}/waiting`) && isLocked(ns, "waiting"),
        );
        // Tasks that have ended in cgroups below their own, for which no agent was called.
        const line = `cd ${ns.directory}/named && mkdir task-q1/y task-q2/y task-q2/y/z`;
        assertEquals((await shell(line)).code, 0);
      } finally {
        agent.kill();
        await agent.end();
      }
      await until("all are done", () => isEmpty(ns) && left(ns).length === 0);
      await until("the kernel starts agents again", () => startedByKernel(ns) === ns.agent);
      await until("no agent is at work", () => !isLocked(ns, "lock"));
      await ns.must("run", "a", "true");
    },
  );

  cgroupTest(
    `more errands than can be left are found by a look at all cgroups, under ${sh}`,
    async (ns) => {
      ns.runAgentUnder(sh);
      // A task that runs in a cgroup below its own has not ended.
      const below = `${ns.directory}/named/task-r/below`;
      await ns.must(
        "run",
        "r",
        "sh",
        "-c",
        `mkdir ${below} && echo 0 >${below}/cgroup.procs && exec sleep 1000`,
      );
      await until(
        "the task is in the cgroup below",
        () => exists(below) && ns.pids("named/task-r/below").length === 1,
      );
      const agent = await working(ns, "works");
      try {
        await ended(ns, 1, 400);
        await until("no more are left", () => textOf(`${errands(ns)}/all`) !== "");
        assert(left(ns).length <= 256);
        await agent.goOn();
      } finally {
        await agent.end();
      }
      await until("all are done", () => isEmpty(ns) && left(ns).length === 0);
      await until("no look is under way", () => textOf(`${errands(ns)}/looking`) === "");
      assertEquals(startedByKernel(ns), ns.agent);
      assertEquals(ns.pids("named/task-r/below").length, 1);
      assertEquals((await ns.lanco("run", "r", "true")).code, 4);
      await ns.must("run", "a", "true");
    },
  );
}

cgroupTest(
  "no program that an agent has started keeps the lock when the agent is killed",
  async (ns) => {
    await shell(`mkdir ${ns.directory}/named/task-q1`);
    const agent = await StoppedAgent.at(ns, "/task-q1", { call: "rmdir" });
    try {
      assert(agent.pid !== agent.agent);
      const lock = ["flock", "-n", `${errands(ns)}/lock`, "true"];
      assertEquals((await exec(lock, { uid: 0 })).code, 1);
      agent.kill();
      await until("the lock is free", async () => (await exec(lock, { uid: 0 })).code === 0);
      await ns.must("run", "a", "sleep", "1000");
    } finally {
      await agent.end();
    }
  },
);

cgroupTest("invariant 7: the owner can neither see nor lock nor leave errands", async (ns) => {
  await ns.must("run", "a", "true");
  for (const attempt of ["ls .", "flock -n lock true", "cat busy", "echo x >1", "mkdir x"]) {
    const { code, stderr } = await shell(`cd / && cd ${errands(ns)} && ${attempt}`);
    assert(code !== 0);
    assertMatch(stderr, /Permission denied|can't cd/);
  }
  assertMatch((await shell(`echo x >${errands(ns)}/all`)).stderr, /Permission denied/);
});

cgroupTest(
  "the work for one call does not grow with the cgroups that the owner has made",
  async (ns) => {
    const named = `${ns.directory}/named`;
    const line = `cd ${named} && mkdir enter-x && cd enter-x && echo 0 >notify_on_release && i=0 &&
    while [ $i -lt 1000 ]; do mkdir task-$i-$1 && i=$((i + 1)); done`;
    assertEquals((await exec(["sh", "-c", line, "sh", "x".repeat(180)])).code, 0);
    const entries = () =>
      exists(`${named}/enter-x`) ? Number(Deno.statSync(`${named}/enter-x`).nlink) - 2 : 0;
    for (const rest of [744, 488, 232, 0]) {
      const trace = `${ns.scratch}/trace`;
      const words = ["strace", "-f", "-qq", "-e", "trace=rmdir,execve", "-o", trace];
      await exec([...words, ns.agent, "/bell-x"], { uid: 0, clearEnv: true });
      assertEquals(entries(), rest);
      const lines = Deno.readTextFileSync(trace).split("\n");
      assert(lines.filter((line) => line.includes("rmdir(")).length <= 258);
      assert(lines.filter((line) => / execve\(.*= 0$/.test(line)).length <= 5, lines.join("\n"));
    }
    assert(!exists(`${named}/enter-x`));
  },
);

function textOf(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return "";
  }
}
