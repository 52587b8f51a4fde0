import { assertEquals, assertThrows } from "@std/assert";
import { Usage } from "../../src/cli/errors.ts";
import { parseSignal } from "../../src/task/signals.ts";

Deno.test("parseSignal() takes names with and without SIG, in any case, and numbers", () => {
  for (const text of ["TERM", "SIGTERM", "term", "15"]) {
    assertEquals(parseSignal(text), "SIGTERM");
  }
  assertEquals(parseSignal("usr1"), "SIGUSR1");
});

Deno.test("parseSignal() refuses other words and numbers", () => {
  for (const text of ["", "0", "32", "-9", "TERMINATE", "SIG", "9.5"]) {
    assertThrows(() => parseSignal(text), Usage, "unknown signal");
  }
});
