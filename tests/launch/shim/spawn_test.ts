import { assertEquals } from "@std/assert";
import { letLiveOn } from "../../../src/launch/shim/spawn.ts";
import { delay } from "../../../src/cli/sleep.ts";

Deno.test("a process that ends at this moment can be let go", async () => {
  // Without the function's care one unref() of a hundred fails so.
  const failures: unknown[] = [];
  const letGo = async (times: number) => {
    for (let i = 0; i < times; i++) {
      const streams = { stdin: "piped", stdout: "piped", stderr: "null" } as const;
      const process = new Deno.Command("/bin/true", streams).spawn();
      for (let waited = 0; waited < 1 + i % 8; waited++) await delay(1);
      try {
        letLiveOn(process);
      } catch (error) {
        failures.push(error);
      }
      await process.status;
      await Promise.all([process.stdin.close().catch(() => {}), process.stdout.cancel()]);
    }
  };
  // What was let go does not keep this test waiting for its end.
  const awake = setInterval(() => {}, 1000);
  await Promise.all(Array.from({ length: 4 }, () => letGo(200)));
  clearInterval(awake);
  assertEquals(failures, []);
});
