import { assert, assertEquals, assertMatch } from "@std/assert";
import { reclaimable } from "../../src/launch/free_memory.ts";
import { answers } from "../batch.ts";
import { cgroupTest, exists, STRANGER, type TestNamespace, until } from "../harness.ts";

const SLEEP = ["sleep", "1000"];

async function json(ns: TestNamespace, ...args: string[]) {
  return JSON.parse((await ns.lanco(...args)).stdout);
}

/** The value of a file of a task in whichever hierarchy has the first of these. */
function value(ns: TestNamespace, task: string, ...names: string[]): string {
  for (const { name: hierarchy, isDirectory } of Deno.readDirSync(ns.directory)) {
    if (!isDirectory) continue;
    for (const name of names) {
      const path = `${ns.directory}/${hierarchy}/task-${task}/${name}`;
      if (exists(path)) return Deno.readTextFileSync(path).trim();
    }
  }
  return "";
}

const MEMORY = ["memory.max", "memory.limit_in_bytes"];

cgroupTest("limit changes the limits of what runs, and prints old and new", async (ns) => {
  await ns.must("run", "--memory", "64M", "--pids", "9", "a", ...SLEEP);
  assertEquals(await ns.must("limit", "a"), "a: --memory 67108864 --pids 9\n");
  assertEquals(
    await ns.must("limit", "--memory", "128M", "--cpus", "1.5", "--pids", "max", "a"),
    "a: --memory 134217728, was 67108864\na: --cpus 1.5, was max\na: --pids max, was 9\n",
  );
  assertEquals(value(ns, "a", ...MEMORY), String(128 * 2 ** 20));
  assertEquals(value(ns, "a", "pids.max"), "max");
  assertMatch(value(ns, "a", "cpu.max", "cpu.cfs_quota_us"), /^150000/);
  const limits = { memory: 128 * 2 ** 20, cpus: 1.5 };
  assertEquals(ns.record("a").limits, limits);
  assertEquals((await json(ns, "status", "--json", "a")).limits, limits);
  const told = (await json(ns, "limit", "--json", "--cpu-weight", "50", "a")).tasks.a;
  assertEquals([told.before, told.limits], [limits, { ...limits, cpuWeight: 50 }]);
  assertEquals(told.run, ns.record("a").run);
  // Lower and higher, with swap, which version 1 counts together with memory.
  for (const [memory, swap] of [["32M", "0"], ["256M", "64M"], ["16M", "16M"]]) {
    await ns.must("limit", "-m", memory ?? "", "--swap", swap ?? "", "a");
    const { limits } = ns.record("a");
    assertEquals([limits.memory, limits.swap], [parse(memory), parse(swap)]);
  }
  // The swap stays what it is when memory alone is changed, and the other way round.
  await ns.must("limit", "-m", "64M", "a");
  await ns.must("limit", "--swap", "8M", "a");
  assertEquals(
    [ns.record("a").limits.memory, ns.record("a").limits.swap],
    [64 * 2 ** 20, 8 * 2 ** 20],
  );
  await ns.must("limit", "-m", "max", "--cpus", "max", "--cpu-weight", "100", "a");
  assertEquals(ns.record("a").limits, {});
  assertEquals(await ns.must("limit", "a"), "a: no limits\n");
  await ns.must("stop", "--now", "a");
  // The next run has its own.
  await ns.must("run", "a", ...SLEEP);
  assertEquals(value(ns, "a", "pids.max"), "max");
  await ns.must("stop", "--now", "a");
});

function parse(text = ""): number {
  return Number(text.replace("M", "")) * 2 ** 20;
}

cgroupTest("limit takes patterns, labels and --all, and lines of a batch", async (ns) => {
  for (const task of ["a-1", "a-2", "b"]) {
    await ns.must("run", "--label", `kind=${task[0]}`, task, ...SLEEP);
  }
  assertEquals(
    await ns.must("limit", "--pids", "50", "a*"),
    "a-1: --pids 50, was max\na-2: --pids 50, was max\n",
  );
  await ns.must("limit", "--pids", "60", "--label", "kind=b");
  const told = await answers(
    ns,
    { id: 1, command: "limit", task: "b", pids: 70, memory: "64M" },
    { id: 2, command: "limit", all: true },
    { id: 3, command: "limit", task: "b", pids: 0 },
  );
  told.sort((x, y) => x.id - y.id);
  assertEquals(told.map(({ exitStatus }) => exitStatus), [0, 0, 2]);
  assertEquals(told[1].output.tasks.b.limits, { pids: 70, memory: 64 * 2 ** 20 });
  const root = await ns.lancoWith({ uid: 0 }, "limit", "--pids", "max", "--all");
  assertEquals(root.code, 0);
  for (const task of ["a-1", "a-2", "b"]) assertEquals(ns.record(task).limits.pids, undefined);
  await ns.must("stop", "--now", "--all");
});

cgroupTest("a limit that cannot be is refused, and so are the others with it", async (ns) => {
  const program =
    "import time\nx = bytearray(64 << 20)\nprint('has', flush=True)\ntime.sleep(1000)";
  await ns.must("run", "--memory", "512M", "a", "python3", "-c", program);
  await until("it has its memory", () => ns.log("a").includes("has"));
  const less = await ns.lanco("limit", "--cpus", "1", "--memory", "32M", "a");
  assertEquals([less.code, less.stdout], [1, ""], less.stderr);
  assertMatch(less.stderr, /cannot set --memory of task a: it uses \d+ bytes, /);
  assertEquals(ns.record("a").limits, { memory: 512 * 2 ** 20 });
  assertEquals(await ns.must("limit", "a"), "a: --memory 536870912\n");
  assertEquals((await ns.lanco("check", "a")).code, 0);
  // What the kernel can reclaim does not count.
  const file =
    `head -c 96M /dev/zero >${ns.scratch}/x; sync; cat ${ns.scratch}/x >/dev/null; echo done`;
  await ns.must("run", "--memory", "512M", "b", "sh", "-c", `${file}; sleep 1000`);
  await until("it has read", () => ns.log("b").includes("done"));
  await ns.must("limit", "--memory", "16M", "b");
  assertEquals((await ns.lanco("check", "b")).code, 0);
  // Fewer processes than there are: none ends.
  await ns.must("run", "c", "sh", "-c", "sleep 1000 & sleep 1000 & wait");
  await until("they run", () => ns.task("c").length === 3);
  const few = await ns.lanco("limit", "--pids", "1", "c");
  assertEquals([few.code, few.stdout], [0, "c: --pids 1, was max\n"]);
  assertMatch(few.stderr, /task c has 3 processes and threads already: none of them ends/);
  assertEquals(ns.task("c").length, 3);
  await ns.must("stop", "--now", "--all");
});

cgroupTest("limit refuses what is wrong, and changes nothing", async (ns) => {
  await ns.init("--pids", "200");
  await ns.must("run", "a", ...SLEEP);
  const cases: [number, string[], RegExp][] = [
    [2, ["--memory", "0", "a"], /--memory/],
    [2, ["--memory", "1", "a"], /too little/],
    [2, ["--cpus", "-1", "a"], /--cpus/],
    [2, ["--pids", "0", "a"], /--pids/],
    [2, ["--cpu-weight", "max", "a"], /--cpu-weight/],
    [2, ["--memory", "999T", "a"], /more than/],
    [2, ["--pids", "5"], /which task/],
    [2, ["a", "b*"], /"a" is a name/],
    [1, ["--swap", "1M", "a"], /--swap needs a limit on memory/],
    [6, ["--pids", "300", "a"], /--pids is more than namespace/],
    [3, ["--pids", "5", "none"], /task none is not running/],
    [3, ["none"], /task none is not running/],
  ];
  for (const [status, args, text] of cases) {
    const { code, stdout, stderr } = await ns.lanco("limit", ...args);
    assertEquals([code, stdout], [status, ""], args.join(" "));
    assertMatch(stderr, text);
  }
  const stranger = await ns.lancoWith({ uid: STRANGER }, "limit", "--pids", "5", "a");
  assertEquals(stranger.code, 6);
  assertMatch(stranger.stderr, /task a belongs to games/);
  assertEquals((await ns.lancoWith({ uid: STRANGER }, "limit", "a")).stdout, "a: no limits\n");
  assertEquals(ns.record("a").limits, {});
  const none = await ns.lanco("limit", "--pids", "5", "x*");
  assertEquals([none.code, none.stdout], [0, ""]);
  await ns.must("stop", "--now", "a");
});

cgroupTest("of two limit at once none is lost, and the record tells those in force", async (ns) => {
  await ns.must("run", "a", ...SLEEP);
  for (let i = 1; i <= 5; i++) {
    const all = await Promise.all([
      ns.lanco("limit", "--pids", `${20 + i}`, "a"),
      ns.lanco("limit", "--memory", `${64 + i}M`, "a"),
      ns.lanco("limit", "--cpus", `1.${i}`, "a"),
    ]);
    assertEquals(all.map(({ code }) => code), [0, 0, 0], all.map(({ stderr }) => stderr).join());
    assertEquals(ns.record("a").limits, {
      memory: (64 + i) * 2 ** 20,
      cpus: Number(`1.${i}`),
      pids: 20 + i,
    });
  }
  const runs = [...Deno.readDirSync(ns.runDirectory("a"))].map(({ name }) => name);
  assert(!runs.some((name) => name.startsWith(".limits")));
  await ns.must("stop", "--now", "a");
});

cgroupTest("limit never changes the limits of a run that begins meanwhile", async (ns) => {
  for (let i = 0; i < 6; i++) {
    await ns.must("run", "--keep", "0", "--pids", "30", "a", ...SLEEP);
    const changing = ns.lanco("limit", "--pids", "20", "a");
    await ns.must("run", "--replace", "--keep", "0", "--pids", "40", "a", ...SLEEP);
    const { code, stderr } = await changing;
    assert([0, 3].includes(code), stderr);
    const { limits } = ns.record("a");
    assertEquals(value(ns, "a", "pids.max"), String(limits.pids));
    // It may have come after the replacement.
    assert(limits.pids === 40 || code === 0);
    await ns.must("stop", "--now", "a");
  }
});

Deno.test("reclaimable() is the cache of files and of the kernel", () => {
  const stat = "anon 100\nfile 60\nactive_file 20\ninactive_file 30\nslab_reclaimable 7\nslab 9\n";
  assertEquals([reclaimable(stat), reclaimable("")], [57, 0]);
});
