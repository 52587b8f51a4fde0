import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, exists, LANCO, TRACKER } from "../harness.ts";
import { oomScore } from "../../src/launch/oom_score.ts";

/** How the runtime ends that cannot start, before there is any lanĉo; or what loads it. */
const BROKEN = [101, 126, 127, 133, 134, 137, 139];

cgroupTest("a limit of one process is met, and what cannot be executed is said", async (ns) => {
  await ns.must("run", "--pids", "1", "a", "sleep", "1000");
  assertEquals((await ns.lanco("check", "a")).code, 0);
  Deno.writeTextFileSync(`${ns.scratch}/bad`, "#!/nonexistent/x\n", { mode: 0o755 });
  const traces = await ns.tracesAtRest();
  for (const words of [[], ["-f", "-L"]]) {
    const { code } = await ns.lanco("run", ...words, "--pids", "1", "b", `${ns.scratch}/bad`);
    assertEquals(code, 127);
    await ns.gone("b");
    assertEquals(ns.traces(), traces);
  }
});

cgroupTest("a namespace with all its processes is named as what hinders a launch", async (ns) => {
  await ns.init("--pids", "3");
  await ns.must("run", "a", "sleep", "1000");
  const { code, stderr } = await ns.lanco("run", "b", "sleep", "1000");
  assertEquals(code, 1);
  assertMatch(stderr, /namespace \S+ may have 3 processes.*init --pids/);
  assertEquals((await ns.lanco("check", "b")).code, 3);
});

cgroupTest("what is too little to start anything is refused", async (ns) => {
  const { code, stderr } = await ns.lanco("run", "--memory", "64K", "a", "sleep", "1000");
  assertEquals(code, 2);
  assertMatch(stderr, /64K is too little to start anything: give 160K/);
  for (const words of [["--memory", "64K"], ["--pids", "2"]]) {
    assertEquals((await exec([LANCO, ns.name, "init", ...words], { uid: 0 })).code, 2);
  }
});

cgroupTest("in a frozen namespace nothing is started, and nothing said to run", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const states = [["cgroup.freeze", "1", "0"], ["freezer.state", "FROZEN", "THAWED"]] as const;
  let frozen = 0;
  for (const [file, freeze, thaw] of states) {
    const path = [TRACKER, "freezer"].map((name) => `${ns.directory}/${name}/${file}`).find(exists);
    if (path === undefined) continue;
    frozen++;
    Deno.writeTextFileSync(path, freeze);
    try {
      const { code, stderr } = await ns.lanco("run", "b", "sleep", "1000");
      assertEquals(code, 1);
      assertMatch(stderr, new RegExp(`is frozen: thaw it as root, by "echo ${thaw} >`));
      assertEquals((await ns.lanco("check", "b")).code, 3);
      assertEquals((await ns.lanco("check", "a")).code, 0);
    } finally {
      Deno.writeTextFileSync(path, thaw);
    }
  }
  assert(frozen > 0);
  await ns.must("run", "b", "sleep", "1000");
});

cgroupTest("whatever limit or scheduling class its caller has, no answer is untrue", async (ns) => {
  await ns.must("run", "other", "sleep", "1000");
  const limits = ["data", "stack", "as", "cpu", "core", "memlock", "msgqueue", "nice", "nofile"]
    .concat("rss", "rtprio", "rttime", "sigpending", "locks", "fsize");
  const callers = [
    ...limits.flatMap((name) => ["0", "100000"].map((n) => ["prlimit", `--${name}=${n}`])),
    ...["--fifo", "--rr", "--batch", "--idle"].map((name) => [
      "chrt",
      name,
      /fifo|rr/.test(name) ? "10" : "0",
    ]),
  ];
  for (const words of callers) {
    const what = words.join(" ");
    const lanco = (...args: string[]) =>
      exec(
        [...words, "setpriv", "--reuid=5", "--regid=60", "--clear-groups", LANCO, ns.name]
          .concat(args),
        { uid: 0 },
      );
    assert([0, 1, ...BROKEN].includes((await lanco("check", "other")).code), what);
    const { code, stderr } = await lanco("run", "a", "sleep", "1000");
    assert([0, 1, ...BROKEN].includes(code), `${what}: ${code} ${stderr}`);
    // Raising one of these takes a privilege: then it is not lanĉo that was started.
    if (stderr.startsWith("prlimit: ")) continue;
    if (code === 1) assertMatch(stderr, /RLIMIT_|chrt -o 0 lanco/, what);
    assertEquals((await ns.lanco("check", "a")).code, code === 0 ? 0 : 3, what);
    const stop = await lanco("stop", "--now", "a");
    if (stop.code !== 0) await ns.lanco("stop", "--now", "a");
    assertEquals((await ns.lanco("check", "a")).code, 3, what);
  }
});

cgroupTest(
  "a task has the oom_score_adj that was asked for, and so has its exit command",
  async (ns) => {
    const cat = "cat /proc/self/oom_score_adj";
    await ns.must("run", "--oom-score-adj", "300", "-c", cat, "a", "sh", "-c", cat);
    await ns.lanco("wait", "a");
    for (let i = 0; i < 500 && ns.log("a") !== "300\n300\n"; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assertEquals(ns.log("a"), "300\n300\n");
    assertEquals((await ns.lanco("run", "--oom-score-adj", "1001", "b", "true")).code, 2);
    const { code, stderr } = await ns.lanco("run", "--oom-score-adj", "-3", "b", "true");
    assertEquals(code, 1);
    assertMatch(stderr, /cannot set oom_score_adj to -3: /);
  },
);

Deno.test("a caller's oom_score_adj below 0 is not handed on", () => {
  const proc = Deno.makeTempDirSync();
  Deno.mkdirSync(`${proc}/self`);
  for (const [caller, task] of [["-500\n", 0], ["0\n", undefined], ["300\n", undefined]] as const) {
    Deno.writeTextFileSync(`${proc}/self/oom_score_adj`, caller);
    assertEquals(oomScore(undefined, proc), task);
    assertEquals(oomScore(7, proc), 7);
  }
  Deno.removeSync(proc, { recursive: true });
});
