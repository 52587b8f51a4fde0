import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, HAS_CONTROLLERS, LANCO, messages, until } from "../../harness.ts";

cgroupTest("top --once prints a table without colours or cursor movements", async (ns) => {
  const limit = HAS_CONTROLLERS ? ["--pids", "50"] : [];
  await ns.must("run", ...limit, "busy", "sh", "-c", "while :; do :; done");
  await ns.must("run", "idle", "sh", "-c", "sleep 1000 & sleep 1000 & wait");
  await until("idle has three processes", () => ns.task("idle").length === 3);
  await ns.must("pause", "idle");
  const [head, busy, idle, ...more] = (await ns.must("top", "--once", "-n", "1")).split("\n");
  assertEquals(head?.split(/ +/), [
    ..."NAME STATE PROCS CPU% MEMORY LIMIT TIME AGE COMMAND".split(" "),
  ]);
  assertMatch(
    busy ?? "",
    /^busy +running +1 +\d+\.\d +(\S+[BKM]|-) +- +\S+ +\S+s sh -c while :; do :; done$/,
  );
  assertMatch(idle ?? "", /^idle +paused +3 +0\.0 /);
  assertEquals(more, [""]);
  assert(Number(/ (\d+\.\d) /.exec(busy ?? "")?.[1]) > 1, busy);
  assertEquals((await ns.must("top", "--once", "idl")).split("\n").length, 3);
  // A process in a frozen v1 cgroup cannot be killed.
  await ns.must("resume", "idle");
});

cgroupTest("top --once ends without a message when its reader is gone", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const top = `${LANCO} ${ns.name} top --once`;
  const line = (after: string) => exec(["/bin/bash", "-c", `${top} ${after}`]);
  assertMatch((await line("| head -1")).stdout, /^NAME STATE .*\n$/);
  for (
    const after of ["| head -1; exit ${PIPESTATUS[0]}", "| true; exit ${PIPESTATUS[0]}", ">&-"]
  ) {
    const { code, stderr } = await line(after);
    assertEquals([code, stderr], [0, ""], after);
  }
  const { code, stderr } = await line(">/dev/full");
  assertEquals([code, messages(stderr).length], [1, 1]);
});

cgroupTest(
  "top without a terminal, or with a wrong command line, fails with a message of one line",
  async (ns) => {
    const cases: [string[], number, RegExp][] = [
      [["top"], 2, /needs a terminal, .*: use --once/],
      [["top", "-n", "0"], 2, /-n needs seconds from 0\.1 to 3600/],
      [["top", "-n", "3601"], 2, /-n needs seconds/],
      [["top", "-n", "soon"], 2, /-n needs seconds/],
      [["top", "--once", "-n", "1e1"], 2, /-n needs seconds/],
      [["top", "a", "b"], 2, /one filter at most/],
      [["top", "--all"], 2, /unknown option --all/],
    ];
    for (const [args, status, text] of cases) {
      const { code, stdout, stderr } = await ns.lanco(...args);
      assertEquals([code, stdout], [status, ""], args.join(" "));
      assertMatch(messages(stderr)[0]?.text ?? "", text);
      assertEquals(messages(stderr).length, 1);
    }
    assertEquals((await exec([LANCO, "no-such-namespace", "top", "--once"])).code, 5);
    assertEquals((await exec([LANCO, "no-such-namespace", "top"])).code, 5);
  },
);
