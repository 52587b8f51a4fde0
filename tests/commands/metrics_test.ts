import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, HAS_CONTROLLERS, type TestNamespace } from "../harness.ts";

/** Runs tasks in all states. */
async function populate(ns: TestNamespace): Promise<void> {
  const limits = HAS_CONTROLLERS ? ["--memory", "50M", "--pids", "9"] : [];
  await ns.must("run", ...limits, "a", "sleep", "1000");
  await ns.must("run", "held", "sleep", "1000");
  await ns.must("pause", "held");
  await ns.must("run", "failed", "sh", "-c", "exit 3");
  await ns.must("run", "killed", "sh", "-c", "kill -9 $$");
  await ns.gone("failed");
  await ns.gone("killed");
}

cgroupTest("metrics prints metrics that promtool accepts", async (ns) => {
  await populate(ns);
  const text = await ns.must("metrics");
  const { code, stdout, stderr } = await exec(["promtool", "check", "metrics"], { stdin: text });
  assertEquals([code, stdout, stderr], [0, "", ""]);
});

cgroupTest("metrics --openmetrics prints metrics that a strict parser accepts", async (ns) => {
  await populate(ns);
  const script = `import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
print(sorted(s.name for f in parse(sys.stdin.read()) for s in f.samples if s.labels.get("task") == "failed"))`;
  const stdin = await ns.must("metrics", "--openmetrics");
  assertEquals(await exec(["/usr/bin/python3", "-c", script], { stdin }), {
    code: 0,
    stdout:
      "['lanco_task_duration_seconds', 'lanco_task_end_time_seconds', 'lanco_task_exit_status']\n",
    stderr: "",
  });
});

cgroupTest(
  "metrics counts tasks by state, and shows for each its usage, its limits, and how it ended",
  async (ns) => {
    await populate(ns);
    const text = await ns.must("metrics");
    const value = (sample: string) => {
      const line = text.split("\n").find((line) => line.startsWith(`${sample} `));
      return line === undefined ? undefined : Number(line.slice(sample.length));
    };
    const state = (name: string) => value(`lanco_tasks{namespace="${ns.name}",state="${name}"}`);
    assertEquals(["running", "paused", "exited", "killed", "out_of_memory"].map(state), [
      1,
      1,
      1,
      1,
      0,
    ]);
    const of = (name: string, task: string, more = "") =>
      value(`lanco_task_${name}{namespace="${ns.name}",task="${task}"${more}}`);
    assertEquals([of("processes", "a"), of("paused", "held")], [1, 1]);
    const limits = HAS_CONTROLLERS ? [50 * 2 ** 20, 9] : [undefined, undefined];
    assertEquals([of("memory_limit_bytes", "a"), of("processes_limit", "a")], limits);
    assertEquals(of("memory_limit_bytes", "held"), undefined);
    assertEquals([of("exit_status", "failed"), of("exit_status", "killed")], [3, -1]);
    assertEquals((of("memory_bytes", "a") ?? 0) > 0, HAS_CONTROLLERS);
    const now = Date.now() / 1000;
    assert(Math.abs((of("start_time_seconds", "a") ?? 0) - now) < 60);
    assert(Math.abs((of("end_time_seconds", "failed") ?? 0) - now) < 60);
    assertMatch(text, /^lanco_task_cpu_seconds_total\{[^}]*task="a",mode="user"\} [\d.]+$/m);
    const one = await ns.must("metrics", "fai*");
    assertEquals([one.includes('task="failed"'), one.includes('task="a"')], [true, false]);
  },
);
