import { assertEquals, assertThrows } from "@std/assert";
import { parseCapacity } from "../../src/namespace/capacity.ts";
import { Usage } from "../../src/cli/errors.ts";
import { type Limits, planLimits } from "../../src/cgroup/limits.ts";
import { readRequest } from "../../src/cli/request.ts";
import { LIMITS, parseLimits } from "../../src/commands/limit_options.ts";
import { assert } from "@std/assert";
import { cgroupTest, exec, exists, LANCO, until } from "../harness.ts";

const HOST = { memory: 8 * 1024 ** 3, cpus: 4, pids: 32768 };

function parsed(...args: string[]): Limits {
  const request = readRequest("run", { options: LIMITS, operands: "nothing" }, args);
  return parseLimits(request, () => HOST);
}

Deno.test("parseLimits() understands bytes, suffixes, percentages and fractions", () => {
  assertEquals(parsed(), {});
  assertEquals(parsed("-m", "1048576"), { memory: 1048576 });
  assertEquals(parsed("--memory", "512M"), { memory: 512 * 1024 ** 2 });
  assertEquals(parsed("--memory=1.5g"), { memory: 1.5 * 1024 ** 3 });
  assertEquals(parsed("--memory", "25%", "--swap", "0"), { memory: 2 * 1024 ** 3, swap: 0 });
  assertEquals(parsed("--cpus", "1.5", "--pids", "7"), { cpus: 1.5, pids: 7 });
  assertEquals(parsed("--cpu-weight", "1", "--io-weight", "10000"), {
    cpuWeight: 1,
    ioWeight: 10000,
  });
});

Deno.test("parseLimits() refuses malformed values and more than the host has", () => {
  const refused: Record<string, string[]> = {
    "--memory": ["0", "-1", "1.5.2", "10X", "", "x", "101%", "9G", "1e9", " 1", "0%", "0x10"],
    "--swap": ["-1", "x", "10X"],
    "--cpus": ["0", "-1", "1.5.2", "x", "4.1", "0.001", ".5", "1e0"],
    "--pids": ["0", "-1", "1.5", "x", "32769", "10K"],
    "--cpu-weight": ["0", "-1", "10001", "1.5", "x"],
    "--io-weight": ["0", "-1", "10001", "1.5", "x"],
  };
  for (const [option, texts] of Object.entries(refused)) {
    for (const text of texts) assertThrows(() => parsed(`${option}=${text}`), Usage, option);
  }
  assertThrows(() => parsed("--swap", "1G"), Usage, "needs --memory beside it");
});

Deno.test("planLimits() returns equivalent settings for cgroup v2 and v1", () => {
  const plans = planLimits({ memory: 1000, swap: 500, cpus: 1.5, cpuWeight: 50, pids: 7 });
  assertEquals(
    plans.map(({ alternatives }) => alternatives.map(({ file, value }) => `${file}=${value}`)),
    [
      ["memory.max=1000", "memory.limit_in_bytes=1000"],
      ["memory.swap.max=500", "memory.memsw.limit_in_bytes=1500"],
      ["cpu.max=150000 100000", "cpu.cfs_quota_us=150000"],
      ["cpu.weight=50", "cpu.shares=512"],
      ["pids.max=7"],
    ],
  );
});

Deno.test("parseCapacity() reads memory, processors and processes", () => {
  const text = "MemTotal:  1024 kB\nMemFree: 1 kB\ncpu  1 2\ncpu0 1\ncpu1 2\npid_max 99\n";
  assertEquals(parseCapacity(text), { memory: 1024 * 1024, cpus: 2, pids: 99 });
});

cgroupTest("run limits memory, swap, processors and processes of a task", async (ns) => {
  const limits = ["-m", "64M", "--swap", "0", "--cpus", "0.5", "--cpu-weight", "50", "--pids", "9"];
  await ns.must("run", ...limits, "a", "sleep", "1000");
  const read = (file: string) => Deno.readTextFileSync(`${ns.directory}/${file}`).trim();
  // The hosts of the tests have these controllers in v1, whether or not they have v2.
  assertEquals(read("memory/task-a/memory.limit_in_bytes"), String(64 * 1024 ** 2));
  assertEquals(read("memory/task-a/memory.memsw.limit_in_bytes"), String(64 * 1024 ** 2));
  assertEquals(read("cpu/task-a/cpu.cfs_quota_us"), "50000");
  assertEquals(read("cpu/task-a/cpu.shares"), "512");
  assertEquals(read("pids/task-a/pids.max"), "9");
  await ns.must(
    "run",
    "--pids",
    "3",
    "b",
    "sh",
    "-c",
    "for i in 1 2 3 4; do sleep 1000 & done; wait",
  );
  await until("the limit bites", () => ns.log("b").includes("Cannot fork"));
  assert(ns.task("b").length <= 3);
  // The next run of the same task does not inherit the limits.
  await ns.must("stop", "a");
  await ns.must("run", "a", "sleep", "1000");
  assertEquals(read("pids/task-a/pids.max"), "max");
});

cgroupTest(
  "run with a limit that the host cannot enforce fails, or warns with --best-effort",
  async (ns) => {
    // Simulate a host without the pids controller.
    const record = JSON.parse(Deno.readTextFileSync(`${ns.directory}/namespace.json`));
    record.hierarchies = record.hierarchies.filter(({ name }: { name: string }) => name !== "pids");
    Deno.writeTextFileSync(`${ns.directory}/namespace.json`, JSON.stringify(record));
    const { code, stderr } = await ns.lanco("run", "--pids", "50", "a", "sleep", "1000");
    assertEquals(code, 1);
    assert(/--pids cannot be enforced: this host has no controller "pids"/.test(stderr), stderr);
    assertEquals(ns.traces(), []);
    const second = await ns.lanco("run", "--best-effort", "--pids", "50", "a", "sleep", "1000");
    assertEquals(second.code, 0);
    assert(/\[WARN\/run\] --pids cannot be enforced/.test(second.stderr), second.stderr);
  },
);

cgroupTest(
  "run with a malformed limit is a wrong command line, and leaves no cgroups behind",
  async (ns) => {
    for (
      const limit of ["--memory=0", "--memory=10X", "--cpus=1.5.2", "--pids=-1", "--memory=999T"]
    ) {
      const { code, stderr } = await ns.lanco("run", limit, "a", "true");
      assertEquals([code, stderr.trim().split("\n").length], [2, 1], limit);
    }
    assertEquals(ns.traces(), []);
  },
);

cgroupTest("init limits the whole namespace, and run refuses a higher limit", async (ns) => {
  await ns.init("--memory", "100M", "--pids", "50", "--cpus", "1");
  const { code, stderr } = await ns.lanco("run", "--memory", "101M", "a", "true");
  assertEquals(code, 6);
  assert(/--memory is more than namespace .* has, 104857600: give less/.test(stderr), stderr);
  assertEquals((await ns.lanco("run", "--pids", "51", "a", "true")).code, 6);
  assertEquals((await ns.lanco("run", "--cpus", "1.1", "a", "true")).code, 6);
  await ns.must("run", "--memory", "100M", "--pids", "50", "a", "true");
  const malformed = await ns.lancoWith({ uid: 0 }, "init", "-u", "games", "--memory", "10X");
  assertEquals(malformed.code, 2);
});

cgroupTest("init that fails leaves no part of the namespace behind", async (ns) => {
  const fresh = `${ns.name}x`;
  // Simulate a host without the pids controller.
  const init = (...more: string[]) =>
    exec(
      [
        "unshare",
        "--mount",
        "sh",
        "-c",
        '[ ! -e /sys/fs/cgroup/pids ] || umount -R /sys/fs/cgroup/pids; exec "$@"',
        "sh",
      ].concat(
        [LANCO, fresh, "init", "-u", "games", "--pids", "50", ...more],
      ),
      { uid: 0 },
    );
  const { code, stderr } = await init();
  assertEquals(code, 1);
  assert(/--pids cannot be enforced: .*--best-effort/.test(stderr), stderr);
  assert(!exists(`/run/lanco/${fresh}`) && !exists(`/var/lib/lanco/${fresh}`));
  assert(!exists(`/var/log/lanco-${fresh}`));
  assert(!Deno.readTextFileSync("/proc/self/mountinfo").includes(`/${fresh}/`));
  assert(!exists(`/sys/fs/cgroup/memory/lanco-${fresh}`));
});
