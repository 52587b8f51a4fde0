import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LastRuns } from "../../src/task/last_runs.ts";
import { lastRunId } from "../../src/task/records.ts";
import { makeRunId } from "../../src/task/run_id.ts";
import { answers, openBatch } from "../batch.ts";
import { cgroupTest } from "../harness.ts";

const BOOT = { id: "bd200950-9fcf-473f-8493-ae3ff3a33e51", at: 1000 };

/** One step of those that make and remove records. */
const STEP = fc.record({
  what: fc.constantFrom("made here", "made by another", "removed"),
  task: fc.constantFrom("a", "b", "c-a", "+a"),
  clock: fc.nat(1000),
  which: fc.nat(),
});

cgroupTest("the last run of each task is known, whoever makes and removes records", (ns) => {
  const runs = `/run/lanco/${ns.name}/runs`;
  fc.assert(
    fc.property(fc.array(STEP, { minLength: 1, maxLength: 100 }), (steps) => {
      const last = new LastRuns(ns.name);
      const made: string[] = [];
      const remove = (which: number) => {
        const [name] = made.splice(which % made.length, 1);
        if (name !== undefined) Deno.removeSync(`${runs}/${name}`);
      };
      for (const { what, task, clock, which } of steps) {
        const run = makeRunId(BOOT, "", clock);
        if (what === "removed") remove(which);
        else {
          Deno.mkdirSync(`${runs}/${run}-${task}`);
          made.push(`${run}-${task}`);
          if (what === "made here") last.made(task, run);
        }
        for (const { task } of steps) assertEquals(last.of(task), lastRunId(ns.name, task));
      }
      while (made.length > 0) remove(0);
    }),
    { numRuns: 30 },
  );
  return Promise.resolve();
});

cgroupTest("a run of a batch follows one of another process whose clock was ahead", async (ns) => {
  const { boot } = JSON.parse(Deno.readTextFileSync(`/run/lanco/${ns.name}/namespace.json`));
  const runs = `/run/lanco/${ns.name}/runs`;
  const batch = openBatch(ns);
  for (const hours of [1, 2, 3]) {
    assertEquals((await batch.ask("run", "b", "true")).exitStatus, 0);
    const ahead = makeRunId({ ...boot, at: Date.now() + hours * 3_600_000 }, "", 0);
    Deno.mkdirSync(`${runs}/${ahead}-a`);
    const { output } = await batch.ask("run", "a", "true");
    assert(output.run > ahead, `${output.run} ${ahead}`);
    await batch.ask("wait", "a");
    await batch.ask("wait", "b");
  }
  await batch.end();
});

cgroupTest("a directory that is no record of a run misleads no batch", async (ns) => {
  const runs = `/run/lanco/${ns.name}/runs`;
  for (const name of ["z".repeat(26) + "+a", `${"Z".repeat(26)}-a`, "~".repeat(26) + "-a"]) {
    Deno.mkdirSync(`${runs}/${name}`);
  }
  const [{ output }] = await answers(ns, { id: 1, command: "run", args: ["a", "true"] });
  assertEquals(lastRunId(ns.name, "a"), output.run);
});
