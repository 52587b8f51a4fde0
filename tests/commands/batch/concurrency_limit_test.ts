import { assertEquals, assertRejects } from "@std/assert";
import { ConcurrencyLimit } from "../../../src/commands/batch/concurrency_limit.ts";
import { settled, work } from "./work.ts";

Deno.test("ConcurrencyLimit runs no more actions at once than its width, in their order, and goes on when one fails", async () => {
  const { happened, begin, end } = work();
  const limit = new ConcurrencyLimit(2);
  const fails = limit.pass(async () => {
    await begin("1");
    throw new Error("no");
  });
  const others = ["2", "3", "4"].map((name) => limit.pass(() => begin(name)));
  assertEquals(happened, ["1 begins", "2 begins"]);
  const failed = assertRejects(() => fails, Error, "no");
  await end("1");
  await failed;
  await settled();
  assertEquals(happened.slice(2), ["1 ends", "3 begins"]);
  await end("2");
  assertEquals(happened.slice(4), ["2 ends", "4 begins"]);
  for (const name of ["3", "4"]) await end(name);
  await Promise.all(others);
});
