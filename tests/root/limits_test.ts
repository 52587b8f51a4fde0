import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  LANCO,
  LEGACY,
  OWNER,
  OWNER_GROUP,
  type TestNamespace,
  until,
} from "../harness.ts";

/** The standard output and the messages of another init with these options. */
async function again(ns: TestNamespace, ...options: string[]) {
  const { code, stdout, stderr } = await exec(initAgain(ns, ...options), { uid: 0 });
  assertEquals(code, 0, stderr);
  return { stdout, stderr };
}

function initAgain(ns: TestNamespace, ...options: string[]): string[] {
  const owner = ["-u", String(OWNER), "-g", String(OWNER_GROUP)];
  const script = new URL("../../scripts/legacy", import.meta.url).pathname;
  const init = LEGACY
    ? [script, "init", LANCO, ns.name, ...owner]
    : [LANCO, ns.name, "init", ...owner];
  return [...init, ...options];
}

function limit(ns: TestNamespace, file: string): string {
  return Deno.readTextFileSync(`${ns.directory}/${file}`).trim();
}

const FILES = ["pids/pids.max", "memory/memory.limit_in_bytes", "cpu/cpu.cfs_quota_us"];

cgroupTest(
  "another init prints the former value of each limit, and changes only those that are given",
  async (ns) => {
    assertEquals(await again(ns, "--pids", "500", "-m", "200M", "--swap", "0", "--cpus", "1.5"), {
      stdout: "--memory 209715200, was max\n--swap 209715200, was max\n--cpus 1.5, was max\n" +
        "--pids 500, was max\n",
      stderr: "",
    });
    assertEquals(await again(ns, "--pids", "500"), { stdout: "", stderr: "" });
    assertEquals(await again(ns), { stdout: "", stderr: "" });
    assertEquals(FILES.map((file) => limit(ns, file)), ["500", "209715200", "150000"]);
    // In v1 the limits of memory and swap depend on each other.
    const raised = await again(ns, "-m", "300M", "--swap", "0");
    assertEquals(
      raised.stdout,
      "--swap 314572800, was 209715200\n--memory 314572800, was 209715200\n",
    );
    const lifted = await again(ns, "--pids", "max", "-m", "max", "--cpus", "max");
    for (
      const option of ["--pids max, was 500", "--memory max, was 314572800", "--cpus max, was 1.5"]
    ) {
      assert(lifted.stdout.includes(`${option}\n`), lifted.stdout);
    }
    assertEquals(limit(ns, "pids/pids.max"), "max");
    assertEquals(limit(ns, "cpu/cpu.cfs_quota_us"), "-1");
    assert(Number(limit(ns, "memory/memory.memsw.limit_in_bytes")) > 2 ** 60);
  },
);

cgroupTest("another init warns of a limit below the present use", async (ns) => {
  await ns.must("run", "a", "sh", "-c", "sleep 1000 & sleep 1000 & sleep 1000");
  const { stdout, stderr } = await again(ns, "--pids", "3");
  assertEquals(stdout, "--pids 3, was max\n");
  assertMatch(stderr, /WARN\/init\] --pids is 3 now, and its tasks use [4-9] already: see "lanco/);
});

cgroupTest(
  "another init refuses a limit of memory below the present use, and kills nothing",
  async (ns) => {
    const program =
      "import time\nx = bytearray(64 << 20)\nprint('has', flush=True)\ntime.sleep(1000)";
    await ns.must("run", "a", "python3", "-c", program);
    await until("it has its memory", () => ns.log("a").includes("has"));
    for (const options of [[], ["--swap", "0"]]) {
      const { code, stdout, stderr } = await exec(initAgain(ns, "--memory", "32M", ...options), {
        uid: 0,
      });
      assertEquals([code, stdout], [1, ""]);
      assertMatch(
        stderr,
        /cannot set --memory to 33554432: its tasks use \d{8}: give more, or stop/,
      );
    }
    assertEquals((await ns.lanco("check", "a")).code, 0);
    await again(ns, "--memory", "200M");
    await ns.must("stop", "--now", "a");
  },
);

cgroupTest("only init can remove a limit", async (ns) => {
  const { code, stderr } = await ns.lanco("run", "--pids", "max", "a", "true");
  assertEquals(code, 2);
  assertMatch(stderr, /needs a number of processes/);
});

cgroupTest("a task gets no more memory and swap together than the namespace has", async (ns) => {
  await again(ns, "--memory", "100M", "--swap", "0");
  const { code, stderr } = await ns.lanco("run", "-m", "50M", "--swap", "1G", "a", "true");
  assertEquals(code, 6, stderr);
  assertMatch(
    stderr,
    /--swap and --memory together is more than namespace .* has, 104857600: give/,
  );
  await ns.must("run", "-m", "100M", "--swap", "0", "b", "true");
});
