import { assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, exists, SWEEP, until } from "../harness.ts";
import { Scene } from "./fault.ts";
import { runWhereShells } from "./shells.ts";

/** What a shim, its child and what waits for the end do that changes something, or takes long. */
const CALLS = ["clone", "write", "openat", "read", "execve", "dup2", "unlinkat"];

for (const more of [[], ["-c", ":"]]) {
  cgroupTest(
    `shells of run ${more[0] ?? ""} that are killed at any call leave nothing that is wrong`,
    async (ns) => {
      const scene = await Scene.open(ns);
      let refused = 0;
      for (const call of CALLS) {
        for (let n = 1; n <= 12; n++) {
          const args = [...more, "a", "sleep", "1000"];
          const { code, stderr } = await runWhereShells({ effect: "KILL", call, n }, ns, ...args);
          const what = `${call} ${n}: ${code} ${stderr}`;
          // It is said in one line that it was not run, or it runs.
          if (code !== 0) refused++;
          assertEquals(stderr.split("\n").length, code === 0 ? 1 : 2, what);
          await scene.isSound("a", what);
        }
      }
      assertEquals(refused > 5, true, `${refused} refused`);
      await scene.close();
    },
  );
}

cgroupTest("a run whose child is killed when it was told to go on says so", async (ns) => {
  const scene = await Scene.open(ns);
  const mark = `${ns.scratch}/mark`;
  for (const more of [[], ["-c", `touch ${mark}`]]) {
    // The child says that it is ready, that it has opened the log, and third that it executes the command.
    const hit = { effect: "KILL", call: "write", n: 3 } as const;
    const args = [...more, "a", "sleep", "1000"];
    const { code, stderr } = await runWhereShells(hit, ns, ...args);
    assertEquals(code, 1, stderr);
    assertMatch(stderr, /task a was killed before its start\n$/);
    assertEquals([(await ns.lanco("check", "a")).code, scene.hasRun("a")], [3, false]);
  }
  await until("no exit command waits", () => !ns.traces().some((path) => path.includes("exit-")));
  assertEquals(exists(mark), false);
  await scene.close();
});

cgroupTest("a log that a killed shell has not opened is not said to be at fault", async (ns) => {
  const hit = { effect: "KILL", call: "openat", n: 1, path: `${ns.logs}/task-a.log` } as const;
  const { code, stderr } = await runWhereShells(hit, ns, "a", "sleep", "1000");
  assertEquals(code, 1);
  assertMatch(stderr, /task a was killed before its start\n$/);
  assertEquals((await ns.lanco("check", "a")).code, 3);
});

cgroupTest(
  "of a test that was killed the sweeper leaves no stopped shim, and no tracer",
  async (ns) => {
    const found = async () => {
      const path = `/run/lanc[o]/${ns.name}`;
      const { stdout } = await exec(["sh", "-c", `pgrep -f '${path}'; :`]);
      return stdout.split("\n").filter((line) => line !== "");
    };
    const hit = { effect: "STOP", call: "read", n: 5 } as const;
    const running = runWhereShells(hit, ns, "a", "sleep", "1000");
    const isStopped = async () =>
      (await found()).some((pid) => {
        try {
          const status = Deno.readTextFileSync(`/proc/${pid}/status`);
          return /^State:\s+[tT][^]*^TracerPid:\s+[1-9]/m.test(status);
        } catch {
          return false;
        }
      });
    await until("a shim is stopped", isStopped);
    await exec([SWEEP, ns.name, "processes"], { uid: 0 });
    await until("no process is left", async () => (await found()).length === 0);
    assertEquals((await running).code, 1);
  },
);
