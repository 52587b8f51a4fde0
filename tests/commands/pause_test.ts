import { assertEquals } from "@std/assert";
import { cgroupTest, STRANGER, until } from "../harness.ts";

cgroupTest("pause freezes every process of a task, and resume lets them go on", async (ns) => {
  const beat = (name: string) => `while :; do echo ${name}; sleep 0.02; done`;
  await ns.must("run", "a", "sh", "-c", `(${beat("x")}) & ${beat("y")}`);
  const lines = () => ns.log("a").length;
  await until("both beat", () => ns.log("a").includes("x") && ns.log("a").includes("y"));
  await ns.must("pause", "a");
  const held = lines();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assertEquals(lines(), held);
  assertEquals(JSON.parse(await ns.must("status", "--json", "a")).state, "paused");
  await ns.must("check", "a");
  await ns.must("resume", "a");
  await until("they beat again", () => lines() > held + 4);
  assertEquals(JSON.parse(await ns.must("status", "--json", "a")).state, "running");
});

cgroupTest("stop and stop --now end a paused task at once", async (ns) => {
  for (const how of [[], ["--now"]]) {
    await ns.must(
      "run",
      "a",
      "sh",
      "-c",
      'trap "echo asked; exit 3" TERM; echo ready; while :; do sleep 0.02; done',
    );
    await until("the trap is set", () => ns.log("a").includes("ready"));
    await ns.must("pause", "a");
    const before = Date.now();
    await ns.must("stop", ...how, "a");
    assertEquals(Date.now() - before < 5000, true);
    assertEquals(ns.log("a").includes("asked"), how.length === 0);
  }
});

cgroupTest(
  "pause and resume refuse tasks that do not run, and tasks of other users",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    for (const command of ["pause", "resume"]) {
      assertEquals((await ns.lanco(command, "b")).code, 3);
      assertEquals((await ns.lancoWith({ uid: STRANGER }, command, "a")).code, 6);
      assertEquals((await ns.lanco(command)).code, 2);
    }
    assertEquals(JSON.parse(await ns.must("status", "--json", "a")).state, "running");
  },
);
