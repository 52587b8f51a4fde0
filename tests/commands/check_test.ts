import { assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, LANCO } from "../harness.ts";

cgroupTest(
  "check prints nothing, and exits with 0 for running tasks and 3 for others",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    await ns.must("run", "b", "sleep", "1000");
    const answer = async (...tasks: string[]) => {
      const { code, stdout, stderr } = await ns.lanco("check", ...tasks);
      assertEquals(stdout + stderr, "");
      return code;
    };
    assertEquals(await answer("a"), 0);
    assertEquals(await answer("a", "b"), 0);
    assertEquals(await answer("c"), 3);
    assertEquals(await answer("a", "c", "b"), 3);
    await ns.must("stop", "a");
    assertEquals(await answer("a"), 3);
  },
);

cgroupTest("check answers any user, as a stat of the task's cgroup does", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  assertEquals((await ns.lancoWith({ uid: 1 }, "check", "a")).code, 0);
  assertEquals((await ns.lancoWith({ uid: 1 }, "check", "b")).code, 3);
  assertEquals((await exec(["stat", `${ns.directory}/named/task-a`], { uid: 1 })).code, 0);
});

cgroupTest(
  "check fails with 1, not 3, when the named hierarchy is not mounted",
  async (ns) => {
    await exec(["umount", `${ns.directory}/named`], { uid: 0 });
    const { code, stderr } = await ns.lanco("check", "a");
    assertEquals(code, 1);
    assertMatch(stderr, /not mounted: run "sudo lanco .* init" again/);
    assertEquals((await ns.lanco("ls")).code, 1);
    assertEquals((await ns.lanco("run", "a", "true")).code, 1);
    // The repair that the message advises.
    await ns.init();
    assertEquals((await ns.lanco("check", "a")).code, 3);
  },
);

cgroupTest("check takes a task for ended if its cgroup has no process", async (ns) => {
  // The cgroup is left if the release agent was killed, or was never called.
  await exec(["mkdir", `${ns.directory}/named/task-a`]);
  assertEquals((await ns.lanco("check", "a")).code, 3);
  assertEquals((await exec([LANCO, ns.name, "stop", "a"])).code, 3);
  await ns.must("run", "a", "sleep", "1000");
  assertEquals((await ns.lanco("check", "a")).code, 0);
});
