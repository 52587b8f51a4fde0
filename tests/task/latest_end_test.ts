import { assertEquals, assertMatch } from "@std/assert";
import { makeRunId } from "../../src/task/run_id.ts";
import { cgroupTest, exec, shell, type TestNamespace, until } from "../harness.ts";
import { onceMarks, OTHER_BOOT } from "../reboot.ts";

const DAY = 86_400;

/** The tasks that `ls` shows as failed within so many seconds. */
async function failedSince(ns: TestNamespace, seconds: number): Promise<string[]> {
  const out = await ns.must("ls", "--failed", "--since", String(seconds), "--json");
  return Object.keys(JSON.parse(out).tasks);
}

cgroupTest("a lost run counts as ended when the host was booted again", async (ns) => {
  const { boot } = JSON.parse(Deno.readTextFileSync(`${ns.directory}/namespace.json`));
  const up = Math.round((Date.now() - boot.at) / 1000);
  const started = boot.at - 40 * DAY * 1000;
  const lost = makeRunId({ ...OTHER_BOOT, at: started }, "", 0);
  await ns.must("run", "--once", "job", "true");
  await ns.gone("job");
  await shell(`rm -r ${ns.directory}/runs/*`);
  const [mark = ""] = onceMarks(ns);
  // Its end is not written.
  await shell(`cd ${ns.logs}/.runs && echo ${lost} >${lost}-a && cd once &&
    sed -i 's/${mark.slice(0, 26)}/${lost}/; 2d; 3s/.*/                /' ${mark} &&
    sed -i 's/${mark.slice(0, 26)}/${lost}/; s/"started":[0-9]*/"started":${started}/' ${mark} &&
    mv ${mark} ${lost}-job`);
  const status = JSON.parse(await ns.must("status", "--json", "job"));
  assertEquals([status.state, status.started, status.ended], ["lost", started, null]);
  assertEquals(await failedSince(ns, up + 3600), ["a", "job"]);
  await ns.must("forget", "--all", "--older-than", String(up + 30 * DAY));
  assertEquals(await failedSince(ns, up + 3600), ["a", "job"]);
  assertEquals((await ns.lanco("run", "--once", "job", "true")).code, 4);
  // Both can have ended no later than at the boot.
  await ns.must("forget", "--all", "--older-than", "0");
  assertEquals((await ns.lanco("run", "--once", "job", "true")).code, 0);
  assertMatch((await ns.lanco("status", "a")).stderr, /nothing is known of task a/);
});

cgroupTest(
  "a run whose shim was killed counts as ended when its counters were saved",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    const [pid] = ns.task("a");
    await exec(["kill", "-9", String(ns.shim("a"))]);
    await exec(["kill", "-9", String(pid)]);
    await until("it has ended", async () => (await ns.lanco("check", "a")).code === 3);
    await ns.gone("a");
    // It was started two days ago.
    const { started, inode } = ns.record("a");
    await shell(
      `sed -i 's/${started}/${started - 2 * DAY * 1000}/' ${ns.runDirectory("a")}/run.json`,
    );
    assertEquals(await failedSince(ns, DAY), ["a"]);
    await ns.must("forget", "--all", "--older-than", "1d");
    assertEquals(await failedSince(ns, DAY), ["a"]);
    const saved = `${ns.directory}/usage/${inode}-a`;
    await exec(["touch", "-c", "-d", "36 hours ago", saved], { uid: 0 });
    assertEquals(await failedSince(ns, DAY), []);
    await ns.must("forget", "--all", "--older-than", "2d");
    assertEquals(await failedSince(ns, 2 * DAY), ["a"]);
    await ns.must("forget", "--all", "--older-than", "1d");
    assertEquals((await ns.lanco("status", "a")).code, 3);
  },
);
