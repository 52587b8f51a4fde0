/** Measures lanĉo beside other launchers, in one run and interleaved. Prints a table, or JSON. */
import { median, sleep, timed } from "./measure.ts";
import { makeDirectory, type Tool, TOOLS } from "./tools.ts";

const ROUNDS = 11;
const MANY = 200;
const SOME = 50;
const asJson = Deno.args.includes("--json");

/** What was measured of a tool: numbers of milliseconds, or of kilobytes. */
type Measured = Record<string, number[]>;

async function lasting(action: () => unknown): Promise<number> {
  const begin = performance.now();
  await action();
  return performance.now() - begin;
}

/** The memory of processes that a tool has, shared parts shared (PSS), in kB. */
function memory({ resident }: Tool): number {
  let sum = 0;
  for (const { name } of Deno.readDirSync("/proc")) {
    try {
      const line = Deno.readTextFileSync(`/proc/${name}/cmdline`).replaceAll("\0", " ");
      // What is run has a cost of its own, and so has who measures.
      if (/^sleep|tests\/bench/.test(line) || !resident.test(line)) continue;
      const text = Deno.readTextFileSync(`/proc/${name}/smaps_rollup`);
      sum += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]);
    } catch {
      // Not a process, or one that has ended.
    }
  }
  return sum;
}

makeDirectory();
const missing: string[] = [];
const tools: Tool[] = [];
const measured = new Map<Tool, Measured>();
for (const tool of TOOLS) {
  try {
    await tool.begin(MANY + 1);
    tools.push(tool);
    measured.set(tool, {});
  } catch (error) {
    missing.push(`${tool.name}: ${String(error).split("\n", 1)[0]}`);
  }
}
const note = (tool: Tool, what: string, value: number) => {
  const row = measured.get(tool) ?? {};
  (row[what] ??= []).push(value);
};
try {
  for (const tool of tools) note(tool, "resident, kB", memory(tool));
  for (let round = 0; round < ROUNDS; round++) {
    for (const tool of tools) {
      const task = `t${round}`;
      if (tool.name.includes("test -d")) {
        note(tool, "check", timed(() => void tool.check(task)));
        continue;
      }
      const launch = await lasting(() => tool.launch(task));
      const check = await lasting(() => tool.check(task));
      if (round === 1) {
        await sleep(300);
        const [before = 0] = measured.get(tool)?.["resident, kB"] ?? [];
        if (tool.resident.source !== "^$") note(tool, "a task, kB", memory(tool) - before);
      }
      const stop = await lasting(() => tool.stop(task));
      // The first one warms the caches.
      if (round === 0) continue;
      note(tool, "launch", launch);
      note(tool, "check", check);
      note(tool, "stop", stop);
    }
  }
  for (let round = 0; round < 3; round++) {
    for (const tool of tools.filter(({ launchAll, stopAll }) => launchAll && stopAll)) {
      const tasks = Array.from({ length: MANY }, (_, i) => `t${i}`);
      note(tool, "launch 200", await lasting(() => tool.launchAll?.(tasks)));
      if (tool.list) note(tool, "list 200", await lasting(() => tool.list?.()));
      note(tool, "stop 50", await lasting(() => tool.stopAll?.(tasks.slice(0, SOME))));
      await tool.stopAll?.(tasks.slice(SOME));
    }
  }
} finally {
  for (const tool of tools.toReversed()) await tool.end();
}

const columns = ["launch", "check", "stop", "launch 200", "stop 50", "list 200", "a task, kB"];
columns.push("resident, kB");
if (asJson) {
  const rows = Object.fromEntries([...measured].map(([{ name }, row]) => [name, row]));
  await print(JSON.stringify({ milliseconds: rows, missing }));
} else {
  const cells = [...measured].map(([{ name }, row]) => [
    name,
    ...columns.map((column) => row[column] === undefined ? "" : shown(row[column])),
  ]);
  for (const line of [["", ...columns], ...cells]) {
    await print(line.map((cell, i) => i === 0 ? cell.padEnd(18) : cell.padStart(15)).join(""));
  }
  for (const name of missing) await print(`missing: ${name}`);
}

/** The median, and how far the quarters are from it. */
function shown(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? NaN;
  const digits = median(values) < 100 ? 1 : 0;
  const spread = (at(0.75) - at(0.25)) / 2;
  return median(values).toFixed(digits) + (values.length > 2 ? ` ± ${spread.toFixed(digits)}` : "");
}

async function print(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(line + "\n"));
}
