import { assert, assertEquals } from "@std/assert";
import { cgroupTest, messages } from "../harness.ts";

cgroupTest(
  "invariant 1: of many runs of one name exactly one starts it, the others exit 4",
  async (ns) => {
    for (const round of ["a", "b", "c"]) {
      const started = `${ns.scratch}/started-${round}`;
      const racers = Array.from(
        { length: 12 },
        () => ns.lanco("run", round, "sh", "-c", `echo x >>${started}; exec sleep 1000`),
      );
      const results = await Promise.all(racers);
      const codes = results.map(({ code }) => code).sort();
      assertEquals(codes, [0, ...Array(11).fill(4)]);
      for (const { stderr } of results.filter(({ code }) => code === 4)) {
        assertEquals(messages(stderr).map(({ text }) => text), [
          `task ${round} is already running`,
        ]);
      }
      assertEquals(Deno.readTextFileSync(started), "x\n");
      assertEquals(ns.task(round).length, 1);
    }
  },
);

cgroupTest(
  "invariant 1: runs, stops and checks of one name at once end in a clear state",
  async (ns) => {
    const commands = [["run", "a", "sleep", "1000"], ["stop", "--now", "a"], ["check", "a"]];
    const allowed: Record<string, number[]> = { run: [0, 4], stop: [0, 3], check: [0, 3] };
    let started = 0;
    for (let round = 0; round < 4; round++) {
      await Promise.all([...commands, ...commands, ...commands].map(async (args) => {
        const { code, stderr } = await ns.lanco(...args);
        // The stop came between registration and execution.
        if (code === 1 && stderr.includes("was killed before its start")) return;
        assertEquals(allowed[args[0] ?? ""]?.includes(code), true, `${args}: ${code} ${stderr}`);
        if (args[0] === "run" && code === 0) started++;
      }));
    }
    assert(started > 0);
    const { code } = await ns.lanco("check", "a");
    assertEquals((await ns.lanco("run", "a", "sleep", "1000")).code, code === 0 ? 4 : 0);
    await ns.must("stop", "a");
    assertEquals(ns.traces().filter((path) => /task-a$|(new|enter|old)-/.test(path)), []);
  },
);

cgroupTest("a task that has just ended can be run again at once", async (ns) => {
  for (let i = 0; i < 15; i++) {
    await ns.must("run", "a", "true");
    let code = 4;
    while (code === 4) code = (await ns.lanco("run", "a", "true")).code;
    assertEquals(code, 0);
    await ns.gone("a");
  }
});
