import { assertEquals } from "@std/assert";
import { cgroupTest, exists, LANCO, start } from "../harness.ts";

const CLIENTS = [["/usr/bin/python3", "client.py"], ["/bin/sh", "client.sh"]] as const;

for (const [interpreter, client] of CLIENTS) {
  cgroupTest(`${client} runs 20 jobs and collects how they end, killed or not`, async (ns) => {
    const program = `${ns.scratch}/${client}`;
    Deno.copyFileSync(new URL(client, import.meta.url), program);
    Deno.chmodSync(program, 0o755);
    const results = `${ns.scratch}/results`;
    const lines = () =>
      exists(results) ? Deno.readTextFileSync(results).split("\n").filter((line) => line) : [];
    const expected = Array.from({ length: 20 }, (_, i) => `job${i} ${i}`).sort();
    const command = [interpreter, program, LANCO, ns.name, results];
    for (const life of [300, 500, 700]) {
      const process = start(command);
      await new Promise((resolve) => setTimeout(resolve, life));
      process.kill("SIGKILL");
      await process.status;
    }
    assertEquals((await start(command).status).code, 0);
    assertEquals(lines().sort(), expected);
    // What was begun twice would have left two logs.
    assertEquals(ns.traces().filter((path) => path.endsWith(".log.1")), []);
  });
}
