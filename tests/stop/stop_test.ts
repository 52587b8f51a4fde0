import { assertEquals } from "@std/assert";
import { stopPlan } from "../../src/stop/stop.ts";

Deno.test("stopPlan() signals twice, then kills, with the original's 20 s, 10 s in between", () => {
  assertEquals(stopPlan({ signal: "SIGTERM", patience: 30_000 }), [
    { signal: "SIGTERM", wait: 20_000 },
    { signal: "SIGTERM", wait: 10_000 },
    { signal: "SIGKILL", wait: 10_000 },
  ]);
});

Deno.test("stopPlan() kills at once if the patience is 0 or the signal is SIGKILL", () => {
  assertEquals(stopPlan({ signal: "SIGTERM", patience: 0 }).length, 1);
  assertEquals(stopPlan({ signal: "SIGKILL", patience: 30_000 }).length, 1);
});
