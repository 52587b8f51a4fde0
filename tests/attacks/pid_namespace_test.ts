import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  identity,
  LANCO,
  LEGACY,
  lives,
  OWNER,
  type Result,
  type TestNamespace,
  until,
} from "../harness.ts";

/** Runs lanco as the owner where other processes cannot be seen, as in a container. */
function contained(ns: TestNamespace, line: string): Promise<Result> {
  const words = ["--pid", "--fork", "--mount-proc", "--kill-child", "setpriv", ...identity(OWNER)];
  const lanco = `lanco() { ${LANCO} ${ns.name} "$@"; }`;
  return exec(["unshare", ...words, "sh", "-c", `${lanco}\n${line}`], { uid: 0 });
}

cgroupTest(
  "check from another PID namespace knows that a task runs, and that it does not",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    for (let i = 0; i < 5; i++) assertEquals((await contained(ns, "lanco check a")).code, 0);
    const { stdout } = await contained(ns, "lanco ls; lanco status a; lanco ls --json");
    assertMatch(stdout, / ├ a\n[^]*a: running\n[^]*"state":"running"/);
    assertEquals((await contained(ns, "lanco check b")).code, 3);
    assertEquals((await contained(ns, "lanco run a true")).code, 4);
    await ns.must("stop", "a");
    assertEquals((await contained(ns, "lanco check a")).code, 3);
  },
);

cgroupTest("check never says that a task does not run when it cannot tell", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  // Without what tells from afar.
  await exec(["umount", `${ns.directory}/unified`, `${ns.directory}/pids`], { uid: 0 });
  const { code, stderr } = await contained(ns, "lanco check a");
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /cannot tell whether task a runs: its processes may be in another PID namespace/,
  );
  assertEquals((await ns.lanco("check", "a")).code, 0);
  await ns.init();
});

cgroupTest(
  "stop from another PID namespace says 0 only when nothing of the task is left",
  async (ns) => {
    // Of the two, only v2 can kill what it cannot see.
    for (const [how, status] of [["", 1], ["--now", LEGACY ? 1 : 0], ["-t 1", 1]] as const) {
      await ns.must("run", "a", "sh", "-c", "trap '' TERM; sleep 1000 & sleep 1000; sleep 1000");
      await until("all are there", () => ns.task("a").length === 3);
      const pids = ns.task("a");
      const { code, stderr } = await contained(ns, `lanco stop ${how} a`);
      assertEquals([code, pids.filter(lives)], [status, status === 0 ? [] : pids], stderr);
      if (status === 0) continue;
      assertMatch(stderr, /cannot signal task a: its processes are in another PID namespace/);
      await ns.must("stop", "--now", "a");
    }
    await ns.must("run", "a", "sleep", "1000");
    assertEquals((await contained(ns, "lanco signal TERM a")).code, 1);
    assert(ns.task("a").every(lives));
  },
);

cgroupTest("wait in another PID namespace gives the status of the task", async (ns) => {
  const go = `${ns.scratch}/go`;
  await ns.must("run", "a", "sh", "-c", `until [ -e ${go} ]; do sleep 0.05; done; exit 9`);
  const waiting = contained(ns, "lanco wait a; echo status $?; lanco wait a");
  await new Promise((resolve) => setTimeout(resolve, 500));
  Deno.writeTextFileSync(go, "");
  const { code, stdout, stderr } = await waiting;
  assertEquals([code, stdout, stderr], [9, "status 9\n", ""]);
});

cgroupTest(
  "a task that was launched in another PID namespace is one like any other",
  async (ns) => {
    const mark = `${ns.scratch}/mark`;
    const script = `lanco run -c 'echo $LANCO_STATUS >${mark}' a sleep 1000 && lanco check a &&
    lanco ls && touch ${ns.scratch}/seen && lanco run -c : c sh -c "exit 3" && sleep 0.5; lanco wait c; echo $?
    lanco run b sleep 1000; lanco stop b; echo $?; lanco check b; echo $?
    while [ ! -e ${ns.scratch}/done ]; do sleep 0.05; done`;
    const container = contained(ns, script);
    try {
      await until("it runs", () => exists(`${ns.scratch}/seen`));
      assertEquals((await ns.lanco("check", "a")).code, 0);
      const [pid = 0] = ns.task("a");
      const cgroups = Deno.readTextFileSync(`/proc/${pid}/cgroup`);
      if (!LEGACY) {
        assertMatch(cgroups, new RegExp(`^0::/.*lanco-${ns.name}(\\.service)?/task-a$`, "m"));
      }
      await ns.must("stop", "a");
      assertEquals([lives(pid), (await ns.lanco("check", "a")).code], [false, 3]);
    } finally {
      Deno.writeTextFileSync(`${ns.scratch}/done`, "");
    }
    const { stdout, stderr } = await container;
    assertMatch(stdout, / ├ a\n │ {2}→ +\d+ sleep 1000 \n ╯\n3\n0\n3\n/, stderr);
    assert(exists(mark) && Deno.readTextFileSync(mark) === "143\n");
  },
);
