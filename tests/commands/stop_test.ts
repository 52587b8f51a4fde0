import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  LANCO,
  lives,
  messages,
  OWNER_GROUP,
  OWNER_NAME,
  STRANGER,
  until,
} from "../harness.ts";

const TRAP = 'trap "echo asked; exit 7" TERM; echo ready; while :; do sleep 0.05; done';

cgroupTest("stop sends TERM, and lets the task end by itself", async (ns) => {
  await ns.must("run", "a", "sh", "-c", TRAP);
  await until("the trap is set", () => ns.log("a").includes("ready"));
  await ns.must("stop", "a");
  assertMatch(ns.log("a"), /asked/);
  assertEquals(ns.status("a"), 7);
  assert(!exists(`${ns.directory}/named/task-a`));
});

cgroupTest("stop -s sends another signal, and -t kills processes that ignore it", async (ns) => {
  await ns.must(
    "run",
    "a",
    "sh",
    "-c",
    'trap "echo usr1" USR1; trap "" TERM; echo ready; while :; do sleep 0.05; done',
  );
  await until("the trap is set", () => ns.log("a").includes("ready"));
  const before = Date.now();
  await ns.must("stop", "-s", "USR1", "-t", "1", "a");
  assert(Date.now() - before >= 1000, "it was given its second");
  assertMatch(ns.log("a"), /usr1/);
  assertEquals(ns.status("a"), 137);
});

cgroupTest("stop --now kills without sending TERM first", async (ns) => {
  await ns.must("run", "a", "sh", "-c", TRAP);
  await until("the trap is set", () => ns.log("a").includes("ready"));
  await ns.must("kill", "--now", "a");
  assert(!ns.log("a").includes("asked"));
});

cgroupTest("stop takes several tasks, and exits with the worst status", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  await ns.must("run", "b", "sleep", "1000");
  const { code, stderr } = await ns.lanco("stop", "a", "c", "b");
  assertEquals(code, 3);
  assertEquals(messages(stderr).map(({ text }) => text), ["task c is not running"]);
  assertEquals((await ns.lanco("check", "a")).code, 3);
  assertEquals((await ns.lanco("check", "b")).code, 3);
});

cgroupTest(
  "stop by a user who does not own the task exits with 6, and changes nothing",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    const members = [{ uid: STRANGER }, { uid: STRANGER, groups: [OWNER_GROUP] }];
    for (
      const how of [["--now"], ["-t", "1"]].flatMap((how) => members.map((who) => ({ how, who })))
    ) {
      const { code, stderr } = await ns.lancoWith(how.who, "stop", ...how.how, "a");
      assertEquals(code, 6);
      assertMatch(stderr, /belongs to games: do it as that user or as root, e\.g\. with sudo\n$/);
    }
    for (const words of [["signal", "HUP", "a"], ["pause", "a"], ["resume", "a"]]) {
      const { code, stderr } = await ns.lancoWith(
        { uid: STRANGER, groups: [OWNER_GROUP] },
        ...words,
      );
      assertEquals(code, 6, words.join(" "));
      assertMatch(stderr, /belongs to games: do it as that user or as root, e\.g\. with sudo\n$/);
    }
    assertEquals((await ns.lanco("check", "a")).code, 0);
  },
);

cgroupTest("stop by root stops a task of the owner", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  assertEquals((await ns.lancoWith({ uid: 0 }, "stop", "a")).code, 0);
  assertEquals((await ns.lanco("check", "a")).code, 3);
});

// Only in a frozen v1 cgroup can a test keep a process from dying of KILL.
if (exists("/sys/fs/cgroup/freezer")) {
  cgroupTest(
    "status says that a task was stopped, also if it ended only after stop had failed",
    async (ns) => {
      await ns.must("run", "a", "sleep", "1000");
      const [pid = 0] = ns.task("a");
      const shim = ns.shim("a");
      // The cgroup is frozen from outside of lanĉo, which therefore does not thaw it.
      const held = `${ns.directory}/freezer/held`;
      Deno.mkdirSync(held);
      Deno.writeTextFileSync(`${held}/cgroup.procs`, String(pid));
      const set = (state: string) => Deno.writeTextFileSync(`${held}/freezer.state`, state);
      set("FROZEN");
      try {
        const { code, stderr } = await ns.lanco("stop", "--now", "a");
        assertEquals([code, lives(pid), lives(shim)], [1, true, true]);
        assertMatch(stderr, /cannot see the end of task a: process \d+ has been killed, and will/);
      } finally {
        set("THAWED");
      }
      assertEquals((await ns.lanco("wait", "-t", "120", "a")).code, 137);
      const { state, signal, stopped } = JSON.parse(await ns.must("status", "a", "--json"));
      assertEquals([state, signal, stopped.by, stopped.signal], [
        "killed",
        "SIGKILL",
        OWNER_NAME,
        "SIGKILL",
      ]);
    },
  );
}

for (const how of [["-t", "30"], ["--now"]]) {
  const name = ["stop", ...how].join(" ");
  cgroupTest(
    `${name} leaves the next run of a task alone that is started meanwhile`,
    async (ns) => {
      /** Returns whether the next run was started between the look of stop for the run and the signal. */
      const isMet = async (seconds: number): Promise<boolean> => {
        await ns.must("run", "a", "sh", "-c", "trap '' TERM; while :; do sleep 1; done");
        const run = ns.runDirectory("a");
        // The stop is recorded, and watchers are told of that, before the signal is sent.
        const delay = `inject=utimensat:delay_exit=${seconds * 1e6}`;
        const tracer = ["strace", "-qq", "-o", "/dev/null", "-e", "trace=utimensat", "-e", delay];
        let isOver = false;
        const stop = exec([...tracer, LANCO, ns.name, "stop", ...how, "a"])
          .finally(() => isOver = true);
        await until("stop has found the task", () => exists(`${run}/stopped`));
        for (const pid of ns.pids("named/task-a")) {
          try {
            Deno.kill(pid, "SIGKILL");
          } catch { /* it has ended */ }
        }
        await ns.gone("a");
        await ns.must("run", "a", "sleep", "1000");
        const wasHeld = !isOver;
        const next = ns.pids("named/task-a");
        assertEquals((await stop).code, 0);
        assertEquals(next.filter((pid) => !lives(pid)), []);
        assertEquals((await ns.lanco("check", "a")).code, 0);
        await ns.must("stop", "--now", "a");
        return wasHeld;
      };
      // Longer where a run takes so long.
      for (let seconds = 2; !await isMet(seconds); seconds *= 2) continue;
    },
  );
}
