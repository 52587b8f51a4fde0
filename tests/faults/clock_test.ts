import { assert, assertEquals, assertMatch } from "@std/assert";
import { answersIn } from "../batch.ts";
import {
  cgroupTest,
  exec,
  identity,
  KEEPER,
  LANCO,
  LEGACY,
  OWNER,
  type Result,
  type TestNamespace,
} from "../harness.ts";

/** The clock of programs, which somebody sets while they run (libfaketime). */
class Clock {
  readonly #file: string;

  constructor(private readonly ns: TestNamespace) {
    this.#file = `${ns.scratch}/clock`;
    this.set("+0");
  }

  /** Sets it off by so much from now on. */
  set(offset: string): void {
    Deno.writeTextFileSync(this.#file, `${offset}\n`);
  }

  /** Runs lanĉo by it, and sets it back by an hour soon after the start. */
  async setBackDuring(...args: string[]): Promise<Result> {
    const result = this.lanco(...args);
    const timer = setTimeout(() => this.set("-3600"), 500);
    const late = Promise.withResolvers<never>();
    const limit = setTimeout(() => late.reject(new Error(`${args.join(" ")} waits`)), 60_000);
    try {
      return await Promise.race([result, late.promise]);
    } finally {
      clearTimeout(timer);
      clearTimeout(limit);
      this.set("+0");
    }
  }

  lanco(...args: string[]): Promise<Result> {
    return exec(this.command(...args), { uid: 0 });
  }

  /** What runs lanĉo by it, as root. */
  command(...args: string[]): string[] {
    const variables = [
      "LD_PRELOAD=/usr/$LIB/faketime/libfaketimeMT.so.1",
      `FAKETIME_TIMESTAMP_FILE=${this.#file}`,
      "FAKETIME_NO_CACHE=1",
      "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];
    // It leaves files there.
    const line = 'mount -t tmpfs none /dev/shm && exec setpriv "$@"';
    const words = [...identity(OWNER), "env", ...variables, LANCO, this.ns.name, ...args];
    return ["unshare", "--mount", "sh", "-c", line, "sh", ...words];
  }
}

cgroupTest("nobody waits longer when the clock is set back", async (ns) => {
  const clock = new Clock(ns);
  const deaf = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"];
  await ns.must("run", "a", ...deaf);
  assertEquals((await clock.setBackDuring("wait", "-t", "1", "a")).code, 124);
  assertEquals((await clock.setBackDuring("stop", "-t", "1", "a")).code, 0);
  assertEquals((await ns.lanco("check", "a")).code, 3);
  // An agent that never comes. Without v2 nobody waits for it.
  if (LEGACY || KEEPER === "systemd") return;
  await exec(["sh", "-c", `echo >${ns.directory}/named/release_agent`], { uid: 0 });
  const { code, stderr } = await clock.setBackDuring("run", "a", "sleep", "1000");
  assertEquals(code, 1);
  assertMatch(stderr, /the release agent does not answer/);
});

cgroupTest("what ran while the clock was set back is told right", async (ns) => {
  const clock = new Clock(ns);
  clock.set("+3600");
  const ready = `${ns.scratch}/ready`;
  assertEquals((await clock.lanco("run", "a", "sh", "-c", `echo >${ready}; sleep 1000`)).code, 0);
  const { started, duration } = JSON.parse(await ns.must("status", "a", "--json"));
  assert(started > Date.now() + 3_000_000, "the clock of the run was an hour ahead");
  assert(duration > 0 && duration < 60_000, `${duration}`);
  for (const how of [["ls", "-l"], ["dump"], ["metrics"]]) await ns.must(...how);
  await ns.must("stop", "--now", "a");
  await ns.gone("a");
  const hungry = "head -c 200m /dev/zero | tail | sleep 0; kill -KILL $$";
  const run = ["run", "--memory", "20M", "a", "sh", "-c", hungry];
  for (const before of [0, 3600]) {
    clock.set(`+${before}`);
    assertEquals((await clock.lanco(...run)).code, 0);
    assertEquals((await ns.lanco("wait", "a")).code, 137);
    await ns.gone("a");
    const { state, usage, duration } = JSON.parse(await ns.must("status", "a", "--json"));
    assertEquals(state, "out of memory", `${before}`);
    assert(usage.memory.peak > 0 && duration > 0 && duration < 60_000, `${duration}`);
  }
  // The counters are not those of a run that has left none.
  clock.set("-3600");
  assertEquals((await clock.lanco("run", "a", "sleep", "1000")).code, 0);
  await exec(["sh", "-c", `echo >${ns.directory}/named/release_agent`], { uid: 0 });
  await ns.must("stop", "--now", "a");
  const { state, usage } = JSON.parse(await ns.must("status", "a", "--json"));
  assertEquals([state, usage], ["killed", null]);
});

/** Years, as between a host that has lost its clock and one that has found it again. */
const YEARS = "-1795824000";

cgroupTest("ages and durations are the same whatever becomes of the clock", async (ns) => {
  const clock = new Clock(ns);
  const began = performance.now();
  // As at the boot of a host without a battery, before it has asked others for the time.
  clock.set(YEARS);
  assertEquals((await clock.lanco("run", "old", "sleep", "1000")).code, 0);
  assertEquals((await clock.lanco("run", "brief", "sleep", "0.5")).code, 0);
  await ns.gone("brief");
  const isRight = (duration: number, least: number, what: string) => {
    const most = performance.now() - began;
    assert(duration >= least && duration <= most + 1000, `${what}: ${duration} of ${most}`);
  };
  for (const offset of ["+0", YEARS, "+1795824000"]) {
    clock.set(offset);
    const json = async (...args: string[]) => JSON.parse((await clock.lanco(...args)).stdout);
    isRight((await json("status", "--json", "old")).duration, 500, "status");
    const { tasks, finished } = await json("dump");
    isRight(tasks.old.duration, 500, "dump");
    isRight(finished.brief.duration, 490, "dump of what has ended");
    const metrics = (await clock.lanco("metrics")).stdout;
    const [, age] = /^lanco_task_age_seconds{.*task="old"} (.*)$/m.exec(metrics) ?? [];
    isRight(Number(age) * 1000, 500, "metrics");
    const shown = (await clock.lanco("ls", "-a", "brief")).stdout;
    const [, long] = /, after (\d+) ms/.exec(shown) ?? [];
    isRight(Number(long ?? 1000), 490, shown);
    const row = (await clock.lanco("top", "--once", "old")).stdout.split("\n")[1] ?? "";
    const [seconds = "", , command] = row.split(/ +/).slice(-3);
    assertEquals(command, "1000", row);
    isRight(parseFloat(seconds) * 1000, 500, row);
  }
});

cgroupTest("what lasts long looks at the clock again when it was set", async (ns) => {
  const clock = new Clock(ns);
  await ns.must("run", "a", "sleep", "1000");
  const fifo = `${ns.scratch}/requests`;
  await exec(["mkfifo", fifo]);
  const batch = exec(["sh", "-c", `exec "$@" <${fifo}`, "sh", ...clock.command("batch")], {
    uid: 0,
  });
  using requests = await Deno.open(fifo, { write: true });
  const ask = () => requests.write(new TextEncoder().encode('{"command":"status","args":["a"]}\n'));
  const began = performance.now();
  for (const offset of ["+0", "+1795824000", "-3600", "+0"]) {
    clock.set(offset);
    await ask();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  requests.close();
  const answers = answersIn((await batch).stdout);
  const ages = answers.map(({ output }) => output.duration);
  assertEquals(ages.length, 4);
  assertEquals(ages, ages.toSorted((a, b) => a - b));
  assert(ages[3] - ages[0] < performance.now() - began + 100, ages.join());
});

cgroupTest("a duration is known where a sandbox shows nothing but processes", async (ns) => {
  const command = [...identity(OWNER), LANCO, ns.name, "run", "a", "sleep", "0.5"];
  const { code, stderr } = await exec([
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount -t proc -o subset=pid none /proc && ! [ -e /proc/uptime ] && exec setpriv "$@"',
    "sh",
    ...command,
  ], { uid: 0 });
  assertEquals([code, stderr], [0, ""]);
  await ns.gone("a");
  const [, seconds] = /^[0-9a-z]{26}\nexecuted(?: [\d:]+)?\nended 0 (\d+\.\d\d)\n$/.exec(
    Deno.readTextFileSync(`${ns.runDirectory("a")}/status`),
  ) ?? [];
  const [now = 0] = Deno.readTextFileSync("/proc/uptime").split(" ").map(Number);
  assert(now - Number(seconds) >= 0 && now - Number(seconds) < 30, `${seconds} of ${now}`);
  const { duration } = JSON.parse(await ns.must("status", "--json", "a"));
  assert(duration >= 490 && duration < 30_000, `${duration}`);
});

cgroupTest("the age of what an older lanco has launched is told by its shim", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const file = `${ns.runDirectory("a")}/run.json`;
  const { sinceBoot, ...record } = JSON.parse(Deno.readTextFileSync(file));
  Deno.writeTextFileSync(file, JSON.stringify({ ...record, started: 1000 }));
  const { duration } = JSON.parse(await ns.must("status", "--json", "a"));
  const [now = 0] = Deno.readTextFileSync("/proc/uptime").split(" ").map(Number);
  assert(Math.abs(now * 1000 - sinceBoot - duration) < 1000, `${duration}`);
});
