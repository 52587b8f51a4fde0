import { assertEquals } from "@std/assert";
import { stopPlan } from "../../src/stop/stop.ts";

Deno.test("stopPlan() asks, waits, asks again, waits, kills, as the original does", () => {
  assertEquals(stopPlan({ signal: "SIGTERM", patience: 30_000 }), [
    { signal: "SIGTERM", wait: 20_000 },
    { signal: "SIGTERM", wait: 10_000 },
    { signal: "SIGKILL", wait: 10_000 },
  ]);
});

Deno.test("stopPlan() kills at once without patience, and when KILL is the signal", () => {
  assertEquals(stopPlan({ signal: "SIGTERM", patience: 0 }).length, 1);
  assertEquals(stopPlan({ signal: "SIGKILL", patience: 30_000 }).length, 1);
});
