import { assertEquals } from "@std/assert";
import { combinedStatus, NotInitialised, NotRunning, reason } from "../../src/cli/errors.ts";

Deno.test("combinedStatus() lets a failure win over an answer", () => {
  assertEquals(combinedStatus([]), 0);
  assertEquals(combinedStatus([0, 0]), 0);
  assertEquals(combinedStatus([0, 3, 0]), 3);
  assertEquals(combinedStatus([3, 4]), 3);
  assertEquals(combinedStatus([3, 0, 1]), 1);
  assertEquals(combinedStatus([4, 6, 1]), 6);
});

Deno.test("errors have a message that says what to do, and an exit status", () => {
  assertEquals(new NotRunning("x").exitStatus, 3);
  assertEquals(new NotRunning("x").message, "task x is not running");
  assertEquals(
    new NotInitialised("web").message,
    'namespace web is not initialised: run "sudo lanco web init -u $(id -un)"',
  );
});

Deno.test("reason() returns the first line of an error's message", () => {
  assertEquals(reason(new Error("first\n  at second")), "first");
  assertEquals(reason("text"), "text");
});
