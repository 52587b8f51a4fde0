import { assert, assertEquals, assertMatch } from "@std/assert";
import { TASK_MAX } from "../../src/cli/names.ts";
import batch from "../../src/commands/batch/batch.ts";
import { manualPage } from "../../src/extras/man.ts";
import { SCHEMAS } from "../../src/show/schema.ts";
import { answers } from "../batch.ts";
import { cgroupTest, HAS_CONTROLLERS } from "../harness.ts";

const PAGE = manualPage("daemon");

/** Returns the requests that the page shows, each in one line. */
function requests(): string[] {
  const shown = [...PAGE.matchAll(/^\.Bd -literal[^\n]*\n(.*?)^\.Ed$/gms)];
  return shown.flatMap(([, text = ""]) => text.replaceAll("\n ", " ").trim().split("\n"))
    .filter((line) => line.includes('"command": '));
}

cgroupTest(
  "each request in lanco-daemon(7) and in the help of batch does what it says",
  async (ns) => {
    Deno.writeTextFileSync(`${ns.scratch}/import`, "#!/bin/sh\n");
    Deno.chmodSync(`${ns.scratch}/import`, 0o755);
    const here = (request: string, task: string) => {
      const { memory, ...fields } = JSON.parse(request);
      assertEquals(memory, "2G");
      return { ...fields, task, chdir: ns.scratch, ...(HAS_CONTROLLERS ? { memory } : {}) };
    };
    const [run, events, cancel, ...more] = requests();
    assert(run && events && cancel);
    assertEquals(more, []);
    const [, inHelp = ""] = /^ {2}in {3}(\{.*?\}\})$/ms.exec(batch.help) ?? [];
    const lines = [here(run, "a"), here(inHelp.replace("anything", "3"), "b"), events, cancel];
    const told = await answers(ns, ...lines);
    const statuses = told.filter(({ event }) => event === undefined)
      .map(({ id, exitStatus }) => [id, exitStatus]).sort();
    // The request that was cancelled is answered, and cancel is not.
    assertEquals(statuses, [[1, 0], [2, 0], [3, 0]]);
  },
);

Deno.test("lanco-daemon(7) says how long the name of a task may be", () => {
  assertMatch(PAGE, new RegExp(`^Up to ${TASK_MAX} letters, digits`, "m"));
});

Deno.test("what lanco-daemon(7) shows of status has fields of the schema, as they are there", () => {
  const [, sample = ""] = /^(\{"task": "job-4711", "run".*?)^\.Ed$/ms.exec(PAGE) ?? [];
  const shown: Record<string, unknown> = JSON.parse(sample);
  assert("state" in shown && "labels" in shown);
  const { properties = {} } = SCHEMAS.status;
  assertEquals(Object.keys(shown).filter((name) => !Object.hasOwn(properties, name)), []);
});

cgroupTest("batch and events end without a namespace as lanco-daemon(7) says", async (ns) => {
  await ns.lancoWith({ uid: 0 }, "release");
  for (const command of ["batch", "events"]) {
    const { code, stderr } = await ns.lancoWith({ stdin: "" }, command);
    assertEquals(code, 5, command);
    assertMatch(stderr, /is not initialised: run "sudo lanco/);
  }
});
