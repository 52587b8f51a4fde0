import { assert, assertEquals, assertMatch } from "@std/assert";
import { answersIn } from "../batch.ts";
import { cgroupTest, exec, LANCO, type Result, type TestNamespace } from "../harness.ts";
import { readPauses } from "../../src/task/pauses.ts";

/** Runs a command under a limit on the size of files (RLIMIT_FSIZE), in bytes. */
function limited(ns: TestNamespace, bytes: number, ...args: string[]): Promise<Result> {
  return exec(["prlimit", `--fsize=${bytes}`, LANCO, ns.name, ...args]);
}

cgroupTest("a limit on the size of files hinders nobody who writes little", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  assertEquals((await limited(ns, 4096, "check", "a")).code, 0);
  for (const command of ["pause", "resume", "stop"]) {
    const { code, stderr } = await limited(ns, 20, command, "a");
    assertEquals([code, stderr], [0, ""]);
  }
  assertEquals((await ns.lanco("check", "a")).code, 3);
  const line = "ulimit -f; grep SigIgn /proc/self/status; exit 7";
  const { code, stderr } = await limited(ns, 4096, "run", "b", "sh", "-c", line);
  assertEquals([code, stderr], [0, ""]);
  // Its own end is written down by a shell with the same limit.
  assertEquals((await ns.lanco("wait", "b")).code, 7);
  // In units of 512 bytes; and the signal is not ignored, for it was not.
  assertMatch(ns.log("b"), /^8\nSigIgn:\s*[0-9a-f]{9}[02468ace][0-9a-f]{6}\n$/);
  assertEquals((await limited(ns, 4096, "run", "-f", "c", "sh", "-c", "exit 9")).code, 9);
  const request = { id: 1, command: "run", args: ["d", "sleep", "1000"] };
  const batch = await exec(["prlimit", "--fsize=4096", LANCO, ns.name, "batch"], {
    stdin: JSON.stringify(request) + "\n" +
      JSON.stringify({ id: 2, command: "stop", args: ["d"] }) + "\n",
  });
  assertEquals(batch.code, 0);
  const answers = answersIn(batch.stdout);
  assertEquals(answers.map(({ id, exitStatus }) => [id, exitStatus]), [[1, 0], [2, 0]]);
});

cgroupTest("a line of the pauses that a limit cuts off spoils no other", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  assertEquals((await limited(ns, 12, "pause", "a")).code, 0);
  const run = ns.runDirectory("a");
  assertEquals(Deno.readTextFileSync(`${run}/pauses`).length, 12);
  await ns.must("resume", "a");
  const { pauses, next } = readPauses(run, 0);
  assertEquals(pauses.map(({ what }) => what), ["resume"]);
  await ns.must("pause", "a");
  assertEquals(readPauses(run, next).pauses.map(({ what }) => what), ["pause"]);
});

cgroupTest(
  "what cannot be written down for a limit on the size of files is not run",
  async (ns) => {
    const traces = await ns.tracesAtRest();
    for (const bytes of [0, 100]) {
      const { code, stderr } = await limited(ns, bytes, "run", "a", "sleep", "1000");
      assertEquals(code, 1, stderr);
      assertMatch(
        stderr,
        new RegExp(`RLIMIT_FSIZE, "ulimit -f"\\) is ${bytes} bytes: raise it\n$`),
      );
      assertEquals(ns.traces(), traces);
    }
    assertEquals((await limited(ns, 0, "check", "a")).code, 3);
  },
);

cgroupTest("who ignores SIGXFSZ hands that on", async (ns) => {
  const line = `trap '' XFSZ; exec prlimit --fsize=4096 ${LANCO} ${ns.name} run a sh -c ` +
    "'grep SigIgn /proc/self/status'";
  assertEquals((await exec(["sh", "-c", line])).code, 0);
  await ns.gone("a");
  assert(/^SigIgn:\s*[0-9a-f]{9}[13579bdf][0-9a-f]{6}\n$/.test(ns.log("a")), ns.log("a"));
});
