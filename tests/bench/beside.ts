/** Measures lanĉo beside other launchers, in one run and interleaved. Prints a table, or JSON. */
import { median, sleep, timed } from "./measure.ts";
import { LANCO_TOOLS } from "./lanco.ts";
import { OTHERS } from "./others.ts";
import { makeDirectory, type Tool } from "./tool.ts";

const ROUNDS = Number(Deno.env.get("LANCO_BENCH_ROUNDS") ?? 11);
const MANY = 200;
const SOME = 50;
const FEW = 10;
const asJson = Deno.args.includes("--json");

/** What was measured of a tool: numbers of milliseconds, or of kilobytes. */
type Measured = Record<string, number[]>;

async function lasting(action: () => unknown): Promise<number> {
  const begin = performance.now();
  await action();
  return performance.now() - begin;
}

/** The processes whose command line is so, words separated by spaces. */
function found(pattern: RegExp): number[] {
  const pids: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    try {
      const line = Deno.readTextFileSync(`/proc/${name}/cmdline`).replaceAll("\0", " ");
      if (pattern.test(line)) pids.push(Number(name));
    } catch {
      // Not a process, or one that has ended.
    }
  }
  return pids;
}

/** The memory of processes that a tool has, shared parts shared (PSS), in kB. */
function memory({ resident }: Tool): number {
  let sum = 0;
  for (const pid of found(resident)) {
    // What measures has a cost of its own.
    if (pid === Deno.pid) continue;
    try {
      const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
      sum += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]);
    } catch {
      // It has ended.
    }
  }
  return sum;
}

/** How long it takes until nothing of a bomb is left, in milliseconds, and how much is after 3 s. */
async function defused(tool: Tool): Promise<[number, number]> {
  const sparks = () => found(/^sleep 4004 $/);
  await tool.bomb?.launch();
  while (sparks().length < 400) await sleep(20);
  const begin = performance.now();
  await tool.bomb?.stop();
  let lasted = performance.now() - begin;
  for (; sparks().length > 0 && lasted < 3000; await sleep(5)) lasted = performance.now() - begin;
  const left = sparks();
  for (const pid of left) Deno.kill(pid, "SIGKILL");
  return [lasted, left.length];
}

/** How long it takes from the end of a task until somebody hears of it, in milliseconds. */
async function heard(tool: Tool, task: string): Promise<number> {
  const before = found(/^sleep 1000 $/);
  await tool.launch(task);
  let pid: number | undefined;
  while (pid === undefined) pid = found(/^sleep 1000 $/).find((one) => !before.includes(one));
  const hearing = tool.hear?.(task);
  await sleep(150);
  const begin = performance.now();
  Deno.kill(pid, "SIGKILL");
  await hearing;
  return performance.now() - begin;
}

makeDirectory();
const missing: string[] = [];
const tools: Tool[] = [];
const measured = new Map<Tool, Measured>();
for (const tool of [...LANCO_TOOLS, ...OTHERS]) {
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
      const stop = await lasting(() => tool.stop(task));
      // The first one warms the caches.
      if (round === 0) continue;
      note(tool, "launch", launch);
      note(tool, "check", check);
      note(tool, "stop", stop);
    }
  }
  for (const tool of tools.filter(({ hear }) => hear)) {
    for (let round = 0; round < ROUNDS; round++) note(tool, "end", await heard(tool, `h${round}`));
  }
  for (const tool of tools.filter(({ bomb }) => bomb)) {
    const [lasted, left] = await defused(tool);
    note(tool, "bomb", lasted);
    note(tool, "its rest", left);
  }
  for (const tool of tools.filter(({ resident }) => resident.source !== "^$")) {
    const tasks = Array.from({ length: FEW }, (_, i) => `t${i}`);
    const before = memory(tool);
    for (const task of tasks) await tool.launch(task);
    await sleep(300);
    note(tool, "a task, kB", (memory(tool) - before) / FEW);
    for (const task of tasks) await tool.stop(task);
  }
  for (let round = 0; round < Math.min(3, ROUNDS); round++) {
    for (const tool of tools.filter(({ launchAll, stopAll }) => launchAll && stopAll)) {
      const tasks = Array.from({ length: MANY }, (_, i) => `t${i}`);
      for (const count of [10, 100]) {
        if (!tool.list) break;
        await tool.launchAll?.(tasks.slice(0, count));
        note(tool, `list ${count}`, await lasting(() => tool.list?.()));
        await tool.stopAll?.(tasks.slice(0, count));
      }
      note(tool, "launch 200", await lasting(() => tool.launchAll?.(tasks)));
      note(tool, "stop 50", await lasting(() => tool.stopAll?.(tasks.slice(0, SOME))));
      await tool.stopAll?.(tasks.slice(SOME));
    }
  }
  const [batch, lanco] = ["lanco batch", "lanco"].map((name) =>
    tools.find((tool) => tool.name === name)
  );
  const thousand = Array.from({ length: 1000 }, (_, i) => `m${i}`);
  await batch?.launchAll?.(thousand);
  for (let round = 0; round < 5; round++) {
    if (lanco) note(lanco, "list 1000", await lasting(() => lanco.list?.()));
  }
  await batch?.stopAll?.(thousand);
} finally {
  for (const tool of tools.toReversed()) await tool.end();
}

const columns = ["launch", "check", "stop", "end", "launch 200", "stop 50", "list 10", "list 100"];
columns.push("list 1000", "bomb", "its rest", "a task, kB", "resident, kB");
if (asJson) {
  const rows = Object.fromEntries([...measured].map(([{ name }, row]) => [name, row]));
  await print(JSON.stringify({ milliseconds: rows, missing }));
} else {
  const cells = [...measured].map(([{ name }, row]) => [
    name,
    ...columns.map((column) => row[column] === undefined ? "" : shown(row[column])),
  ]);
  for (const line of [["", ...columns], ...cells]) {
    await print(line.map((cell, i) => i === 0 ? cell.padEnd(18) : cell.padStart(13)).join(""));
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
