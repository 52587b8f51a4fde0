import { assertEquals, assertRejects } from "@std/assert";
import { openBatch } from "./batch.ts";
import { cgroupTest } from "./harness.ts";

cgroupTest(
  "what is asked of a batch that is killed has no answer, and does not hang",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    const { batch, ask, end } = openBatch(ns);
    assertEquals((await ask("check", "a")).exitStatus, 0);
    const waiting = assertRejects(() => ask("wait", "a"), Error, "the batch has ended");
    batch.kill("SIGKILL");
    await waiting;
    await end();
    await assertRejects(() => ask("check", "a"), Error, "the batch has ended");
  },
);
