/** What else could be cut or written to where a log is bounded: files of the owner's, in the place of others. */
import { assert, assertEquals } from "@std/assert";
import { numbers } from "../commands/numbers.ts";
import { cgroupTest, exists, LANCO, OWNER, OWNER_GROUP, shell, start, until } from "../harness.ts";
import { startPython } from "./python.ts";

const PRECIOUS = "what only the owner's other processes may write\n".repeat(10_000);

cgroupTest("nothing is written through a link in the place of what tells of drops", async (ns) => {
  const victim = `${ns.scratch}/victim`;
  Deno.writeTextFileSync(victim, PRECIOUS);
  Deno.chownSync(victim, OWNER, OWNER_GROUP);
  const attacker = startPython("lay_links.py", [`${ns.directory}/runs`, victim, "dropped-log"]);
  const why = /another file was put in its place|was killed before/;
  try {
    for (let round = 0; round < 10; round++) {
      const run = await ns.lanco("run", "--log-max", "64K", "a", ...numbers(100_000, 1e9));
      assert(run.code === 0 ? run.stderr === "" : why.test(run.stderr), run.stderr);
      await ns.lanco("stop", "--now", "a");
      await ns.gone("a");
    }
  } finally {
    await attacker.stop();
  }
  assertEquals(Deno.readTextFileSync(victim), PRECIOUS);
});

cgroupTest("a link that is laid while a log is bounded leads to no cut", async (ns) => {
  const victim = `${ns.scratch}/victim`;
  Deno.writeTextFileSync(victim, PRECIOUS);
  Deno.chownSync(victim, OWNER, OWNER_GROUP);
  const log = `${ns.scratch}/a.log`;
  const swapper = startPython("exchange_log.py", [log, victim]);
  try {
    for (let round = 0; round < 10; round++) {
      const words = ["run", "--keep", "1", "-l", log, "--log-max", "64K", "a"];
      const { code, stderr } = await ns.lanco(...words, ...numbers(50_000, 1e9));
      assert([0, 1].includes(code), stderr);
      await ns.lanco("wait", "a");
      await ns.gone("a");
    }
  } finally {
    await swapper.stop();
  }
  assertEquals(Deno.readTextFileSync(victim), PRECIOUS);
});

cgroupTest(
  "a run that is killed while its log is prepared leaves nothing that bounds one",
  async (ns) => {
    const begin = performance.now();
    await ns.must("run", "--log-max", "64K", "a", "true");
    const whole = performance.now() - begin;
    for (let round = 0; round < 15; round++) {
      const words = ["run", "--log-max", "64K", "a", "sleep", "1000"];
      const run = start(["setsid", LANCO, ns.name, ...words]);
      await new Promise((resolve) => setTimeout(resolve, whole * (0.3 + round / 15)));
      try {
        run.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await run.status;
      await ns.lanco("stop", "--now", "a");
      await until("nothing of it runs", () => !exists(`${ns.directory}/named/task-a`));
      const line = `grep -zlx lanco-bound /proc/[0-9]*/cmdline | cut -d/ -f3 | while read -r pid; do
      grep -q "lanco-${ns.name}\\b" /proc/$pid/cgroup && echo $pid; done; :`;
      await until("nothing bounds a log", async () => (await shell(line)).stdout === "");
    }
  },
);
