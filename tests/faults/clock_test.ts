import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  identity,
  LANCO,
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
    const limit = setTimeout(() => late.reject(new Error(`${args.join(" ")} waits`)), 20_000);
    try {
      return await Promise.race([result, late.promise]);
    } finally {
      clearTimeout(timer);
      clearTimeout(limit);
      this.set("+0");
    }
  }

  lanco(...args: string[]): Promise<Result> {
    const variables = [
      "LD_PRELOAD=/usr/$LIB/faketime/libfaketimeMT.so.1",
      `FAKETIME_TIMESTAMP_FILE=${this.#file}`,
      "FAKETIME_NO_CACHE=1",
      "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];
    // It leaves files there.
    const line = 'mount -t tmpfs none /dev/shm && exec setpriv "$@"';
    const words = [...identity(OWNER), "env", ...variables, LANCO, this.ns.name, ...args];
    return exec(["unshare", "--mount", "sh", "-c", line, "sh", ...words], { uid: 0 });
  }
}

cgroupTest("nobody waits longer when the clock is set back", async (ns) => {
  const clock = new Clock(ns);
  const deaf = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"];
  await ns.must("run", "a", ...deaf);
  assertEquals((await clock.setBackDuring("wait", "-t", "1", "a")).code, 124);
  assertEquals((await clock.setBackDuring("stop", "-t", "1", "a")).code, 0);
  assertEquals((await ns.lanco("check", "a")).code, 3);
  // An agent that never comes.
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
  assertEquals(duration, 0);
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
    assert(usage.memory.peak > 0 && duration >= 0);
  }
  // The counters are not those of a run that has left none.
  clock.set("-3600");
  assertEquals((await clock.lanco("run", "a", "sleep", "1000")).code, 0);
  await exec(["sh", "-c", `echo >${ns.directory}/named/release_agent`], { uid: 0 });
  await ns.must("stop", "--now", "a");
  const { state, usage } = JSON.parse(await ns.must("status", "a", "--json"));
  assertEquals([state, usage], ["killed", null]);
});
