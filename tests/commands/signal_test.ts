import { assertEquals } from "@std/assert";
import { cgroupTest, STRANGER, until } from "../harness.ts";

cgroupTest("signal reaches every process of a task, and no other", async (ns) => {
  const count = (who: string) =>
    `trap 'echo ${who}' USR1; echo ready; while :; do sleep 0.02; done`;
  for (const task of ["a", "b"]) {
    await ns.must("run", task, "sh", "-c", `(${count("child")}) & ${count("parent")}`);
    await until("the traps are set", () => ns.log(task).split("ready").length === 3);
  }
  const shim = ns.shim("a");
  // The signal also kills the sleep that runs at that moment; the shells trap it.
  await ns.must("signal", "USR1", "a");
  await until("both were told", () => /parent/.test(ns.log("a")) && /child/.test(ns.log("a")));
  assertEquals(ns.shim("a"), shim);
  await ns.must("check", "a");
  assertEquals(/parent|child/.test(ns.log("b")), false);
});

cgroupTest(
  "signal refuses unknown signals, tasks that do not run, and tasks of other users",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    assertEquals((await ns.lanco("signal", "NOPE", "a")).code, 2);
    assertEquals((await ns.lanco("signal", "HUP")).code, 2);
    assertEquals((await ns.lanco("signal")).code, 2);
    assertEquals((await ns.lanco("signal", "HUP", "b")).code, 3);
    assertEquals((await ns.lancoWith({ uid: STRANGER }, "signal", "HUP", "a")).code, 6);
    await ns.must("check", "a");
    await ns.must("signal", "9", "a");
    await ns.gone("a");
  },
);
