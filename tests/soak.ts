/** Lets many tasks come and go in one namespace, and compares what is there before and after. */
import { Session } from "./bench/batches.ts";
import { LANCO, PREFIX, run, sleep } from "./bench/measure.ts";

const TASKS = Number(Deno.args[0]);
const WORKERS = 8;
/** How many tasks pass before memory is looked at for the first time: what is loaded once, is. */
const WARM = Math.min(2000, TASKS / 4);

const namespace = `${PREFIX}s`;
const directory = `/run/lanco/${namespace}`;

/** What must be the same in the end: how many there are of each. */
function inventory(): Record<string, number> {
  const count = (path: string, pattern = /./) =>
    [...Deno.readDirSync(path)].filter(({ name }) => pattern.test(name)).length;
  const mounts = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
  return {
    "cgroups of the named hierarchy": count(`${directory}/named`, /-/),
    "cgroups of the unified hierarchy": count(`${directory}/unified`, /^task-/),
    "mounts": mounts.filter((line) => line.includes(namespace)).length,
    "begun records": count(`${directory}/runs`, /^\.(new|old)-/),
    "processes": processes(),
  };
}

/** The processes of the owner's that have to do with the namespace. */
function processes(): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc")) {
    try {
      const words = Deno.readTextFileSync(`/proc/${name}/cmdline`);
      if (words.includes(`/${namespace}/`) && !words.includes("soak.ts")) count++;
    } catch { /* not a process, or one that has ended */ }
  }
  return count;
}

/** The memory of a process in bytes (proc_pid_status(5), VmRSS). */
function memory(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
}

/** What one task is made to do, and what its end must be. */
interface Life {
  words: string[];
  stop: boolean;
  status: number;
}

const LIVES: readonly Life[] = [
  { words: ["true"], stop: false, status: 0 },
  { words: ["sh", "-c", "exit 7"], stop: false, status: 7 },
  { words: ["sleep", "1000"], stop: true, status: 143 },
  { words: ["sh", "-c", "setsid sleep 1000 & exec sleep 1000"], stop: true, status: 143 },
];

async function work(worker: number, batch: Session, passed: () => number): Promise<void> {
  for (let i = passed(); i < TASKS; i = passed()) {
    const { words, stop, status } = LIVES[i % LIVES.length] as Life;
    const task = `w${worker}-${i % 300}`;
    const more = i % 10 === 0 ? ["-c", ":"] : [];
    await batch.must(0, "run", "--keep", "1", ...more, task, ...words);
    if (stop) await batch.must(0, "stop", task);
    await batch.must(status, "wait", task);
    await batch.must(3, "check", task);
  }
}

run(LANCO, [namespace, "init", "-u", "nobody"], {});
const begin = inventory();
const batches = Array.from({ length: WORKERS }, () => Session.open(namespace, "batch"));
const events = Session.open(namespace, "events", "--json");
// What had ended before that it need not tell.
while (events.lines === 0) await sleep(10);
let tasks = 0;
const sizes: number[][] = [];
const all = [...batches, events];
const measure = () => sizes.push(all.map(({ pid }) => memory(pid)));
const passed = () => {
  if (tasks === WARM || tasks === TASKS - 1) measure();
  return tasks++;
};
await Promise.all(batches.map((batch, worker) => work(worker, batch, passed)));
await sleep(2000);
const told = events.lines;
for (const session of all) await session.close();
await sleep(1000);
const end = inventory();

const faults: string[] = [];
for (const [what, count] of Object.entries(begin)) {
  if (end[what] !== count) faults.push(`${what}: ${count} before, ${end[what]} after`);
}
// "ready", then a start and an end each.
if (told !== 2 * TASKS + 1) faults.push(`${told} events of ${TASKS} tasks`);
const [early = [], late = []] = sizes;
for (const [i, size] of late.entries()) {
  const grown = (size - (early[i] ?? 0)) / 2 ** 20;
  if (grown > 40) faults.push(`${i < WORKERS ? "batch" : "events"} grew by ${grown.toFixed(0)} MB`);
}
const mb = (list: number[]) => list.map((size) => (size / 2 ** 20).toFixed(0)).join(" ");
const report = [
  `${TASKS} tasks by ${WORKERS} workers: MB early ${mb(early)}, late ${mb(late)}`,
  ...Object.entries(end).map(([what, count]) => `${what}: ${count}`),
];
run(LANCO, [namespace, "release"], {});
const text = [...report, ...faults.map((fault) => `soak: ${fault}`), ""].join("\n");
await Deno.stdout.write(new TextEncoder().encode(text));
Deno.exitCode = faults.length > 0 ? 1 : 0;
