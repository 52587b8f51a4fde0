import { assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, LANCO } from "../harness.ts";

cgroupTest(
  "check is silent and answers 0 for tasks that run, 3 for those that do not",
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

cgroupTest("check answers anybody, as a stat of the task's cgroup does", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  assertEquals((await ns.lancoWith({ uid: 1 }, "check", "a")).code, 0);
  assertEquals((await ns.lancoWith({ uid: 1 }, "check", "b")).code, 3);
  assertEquals((await exec(["stat", `${ns.directory}/named/task-a`], { uid: 1 })).code, 0);
});

cgroupTest(
  "check says that it does not know when the named hierarchy is not mounted",
  async (ns) => {
    await exec(["umount", `${ns.directory}/named`], { uid: 0 });
    const { code, stderr } = await ns.lanco("check", "a");
    assertEquals(code, 1);
    assertMatch(stderr, /not mounted: run "sudo lanco .* init" again/);
    assertEquals((await ns.lanco("ls")).code, 1);
    assertEquals((await ns.lanco("run", "a", "true")).code, 1);
    // As the message says.
    await ns.init();
    assertEquals((await ns.lanco("check", "a")).code, 3);
  },
);

cgroupTest("check takes a registered task without a process for ended", async (ns) => {
  // The release agent of it was killed, or never came.
  await exec(["mkdir", `${ns.directory}/named/task-a`]);
  assertEquals((await ns.lanco("check", "a")).code, 3);
  assertEquals((await exec([LANCO, ns.name, "stop", "a"])).code, 3);
  await ns.must("run", "a", "sleep", "1000");
  assertEquals((await ns.lanco("check", "a")).code, 0);
});
