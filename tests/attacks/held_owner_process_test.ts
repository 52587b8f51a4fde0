import { assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, exists, LANCO, lives, shell, until } from "../harness.ts";
import { whileActing } from "./owner_process.ts";

/** Commands that last as long as their caller wants. */
const LASTING = [["wait", "a"], ["logs", "-f", "a"], ["events"]];

/** The ways in which an owner can hold a process that has their user id. */
const HOLDS: Record<string, (pid: number, directory: string) => string> = {
  "by a signal": (pid) => `kill -STOP ${pid}`,
  ...(exists("/sys/fs/cgroup/freezer")
    ? {
      "in a frozen cgroup of v1": (pid: number, directory: string) =>
        `cd ${directory}/freezer && mkdir -p held && echo ${pid} >held/cgroup.procs &&
        echo FROZEN >held/freezer.state`,
    }
    : {}),
};

for (const [how, hold] of Object.entries(HOLDS)) {
  cgroupTest(
    `root's command ends by a signal though the owner holds its process ${how}`,
    async (ns) => {
      await ns.must("run", "a", "sleep", "1000");
      const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
      await Promise.all(LASTING.map(async (args, i) => {
        const [signal = "SIGTERM"] = [signals[i % signals.length]];
        await whileActing([LANCO, ns.name, ...args], async ({ outer, acting, ended }) => {
          assertEquals((await shell(hold(acting, ns.directory))).code, 0);
          Deno.kill(outer, signal);
          const { code } = await ended;
          assertEquals(code, { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 }[signal], args.join(" "));
          await until("the process that acted is gone", () => !lives(acting));
        });
      }));
      if (exists(`${ns.directory}/freezer/held`)) {
        await exec(["rmdir", `${ns.directory}/freezer/held`]);
      }
    },
  );
}

cgroupTest(
  "root's command reports that its process was killed, and takes that for no answer",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    for (const args of LASTING) {
      await whileActing([LANCO, ns.name, ...args], async ({ acting, ended }) => {
        assertEquals((await shell(`kill -KILL ${acting}`)).code, 0);
        const { code, stderr } = await ended;
        assertEquals(code, args[0] === "wait" ? 125 : 1, args.join(" "));
        assertMatch(stderr, /the process that acted as games for root was killed by SIGKILL\n$/);
      });
    }
  },
);

cgroupTest("root's command gives up a held process that has to answer after 30 s", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const commands = [["check", "a"], ["ls"], ["status", "a"], ["logs", "a"], ["pause", "a"]];
  await Promise.all(commands.map(async (args) => {
    // The command may end before the owner holds its process: then the owner tries again.
    for (let held = false; !held;) {
      await whileActing([LANCO, ns.name, ...args], async ({ acting, ended }) => {
        await shell(`kill -STOP ${acting}`);
        const { code, stderr } = await ended;
        held = code !== 0;
        if (!held) return;
        assertEquals(code, 1, stderr);
        assertMatch(stderr, /said nothing for 30 seconds and was killed\n$/);
      }, { isBrief: true });
    }
  }));
});

cgroupTest("what acts for root ends when root's command is killed by SIGKILL", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  for (const args of LASTING) {
    await whileActing([LANCO, ns.name, ...args], async ({ outer, acting, ended }) => {
      // A stopped process does not notice that its input or output has ended.
      if (args[0] === "events") assertEquals((await shell(`kill -STOP ${acting}`)).code, 0);
      Deno.kill(outer, "SIGKILL");
      await until("the process that acted is gone", () => !lives(acting));
      assertEquals((await ended).code, 137);
    });
  }
  // The command has been killed before the kernel was told to kill with it what acts.
  for (const args of LASTING) {
    const { code, stderr } = await ns.lancoWith({ env: { LANCO_FOR_ROOT: "1" } }, ...args);
    assertMatch(stderr, /root's command, for which this process was to act, has ended\n$/);
    assertEquals(code, args[0] === "wait" ? 125 : 1);
  }
});
