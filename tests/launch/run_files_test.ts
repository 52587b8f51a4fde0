import { assert, assertEquals, assertThrows } from "@std/assert";
import { Failed } from "../../src/cli/errors.ts";
import { RunFiles } from "../../src/launch/run_files.ts";
import { readNamespace } from "../../src/namespace/namespace.ts";
import { makeRunId, timeOf } from "../../src/task/run_id.ts";
import { cgroupTest, exec, exists, LANCO } from "../harness.ts";

cgroupTest("the id of a run is greater than those of its task, and only of those", async (ns) => {
  const runs = `/run/lanco/${ns.name}/runs`;
  const { boot } = JSON.parse(Deno.readTextFileSync(`/run/lanco/${ns.name}/namespace.json`));
  const later = (hours: number) =>
    makeRunId({ ...boot, at: Date.now() + hours * 3_600_000 }, "", 0);
  const [ahead, farther] = [later(1), later(2)];
  const names = [`${later(0)}-a`, `${ahead}-a`, `${farther}-b-a`, `${farther}-aa`, `${farther}+a`];
  for (const name of names) Deno.mkdirSync(`${runs}/${name}`);
  await ns.must("run", "a", "sleep", "1000");
  const mine = [...Deno.readDirSync(runs)].map(({ name }) => name)
    .filter((name) => !names.includes(name));
  assertEquals(mine.length, 1);
  const [run = "", task] = mine[0]?.split("-") ?? [];
  assertEquals(task, "a");
  assert(run > ahead, run);
  assertEquals(timeOf(run), timeOf(ahead) + 1);
});

cgroupTest("a record that is being written is seen as a whole or not at all", async (ns) => {
  const delay = "inject=write:delay_enter=100000";
  const tracer = ["strace", "-qq", "-o", "/dev/null", "-e", "trace=write", "-e", delay];
  let isOver = false;
  const run = exec([...tracer, LANCO, ns.name, "run", "a", "sleep", "1000"])
    .finally(() => isOver = true);
  const seen = new Set<string>();
  while (!isOver) {
    const file = `${ns.runDirectory("a")}/run.json`;
    if (exists(file)) seen.add(Deno.readTextFileSync(file));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assertEquals((await run).code, 0);
  seen.add(Deno.readTextFileSync(`${ns.runDirectory("a")}/run.json`));
  assertEquals([...seen].map((text) => JSON.parse(text || '"empty"').task), ["a"]);
});

cgroupTest("a launch whose record the next run has removed says that it was killed", (ns) => {
  const files = new RunFiles(readNamespace(ns.name), makeRunId({ id: "x", at: 0 }, "", 0), "a", {
    isTimed: false,
    once: undefined,
  });
  Deno.removeSync(files.directory, { recursive: true });
  assertThrows(() => files.makeDrops("log"), Failed, "task a was killed before its start");
  files.remove();
  return Promise.resolve();
});
