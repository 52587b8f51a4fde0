import { assert, assertEquals, assertMatch } from "@std/assert";
import { answersIn, openBatch } from "../batch.ts";
import {
  cgroupTest,
  exec,
  exists,
  identity,
  LANCO,
  OWNER,
  type TestNamespace,
  TRACKER,
  until,
} from "../harness.ts";
import { FEW_DESCRIPTORS } from "./shells.ts";
import { oomScore } from "../../src/launch/oom_score.ts";

/** Executes a command with an oom_score_adj, which is the first of the words that follow. */
const SCORED = ["sh", "-c", 'echo "$1" >/proc/self/oom_score_adj; shift; exec "$@"', "sh"];

/** How a launch is refused that has no memory. */
const FULL = /the memory of namespace \S+ is full: .*"init --memory"\n?$/;

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

cgroupTest("a namespace whose memory is full is named as what hinders a launch", async (ns) => {
  const memory = await fullMemory(ns);
  try {
    // The kernel fails at different steps of a launch: where nothing is free it does not fork; where
    // little is, it kills the task's first process, or its shim, which it prefers at a score of 900.
    for (let free = 0; free <= 192; free += 48) {
      await memory.fill(free);
      for (const words of [[], ["-f", "-L"], ["--memory", "4M"]]) {
        for (const score of ["0", "900"]) {
          const run = ["run", "--oom-score-adj", "0", ...words, "b", "sleep", "0.1"];
          const { code, stderr } = await exec([...SCORED, score, LANCO, ns.name, ...run]);
          if (free > 0 && stderr === "") {
            // It was started, and the kernel may have killed it then.
            await ns.gone("b");
            continue;
          }
          assertMatch(stderr, FULL);
          assertEquals(code, words.includes("-f") ? 125 : 1);
          assertEquals((await ns.lanco("check", "b")).code, 3);
        }
      }
    }
  } finally {
    memory.free();
  }
  await ns.must("run", "b", "sleep", "1000");
});

cgroupTest(
  "a batch names a full memory at once, and goes on when some is free again",
  async (ns) => {
    const memory = await fullMemory(ns);
    const batch = openBatch(ns);
    try {
      assertEquals((await batch.ask("run", "a", "sleep", "1000")).exitStatus, 0);
      for (let free = 0; free <= 144; free += 72) {
        await memory.fill(free);
        for (let i = 0; i < 3; i++) {
          const { exitStatus, messages } = await batch.ask("run", "b", "sleep", "1000");
          // The kernel may have killed it after it was started, or not.
          if (free > 0 && exitStatus === 0) await batch.ask("stop", "--now", "b");
          else assertMatch(messages.join(), FULL);
        }
      }
    } finally {
      memory.free();
    }
    assertEquals((await batch.ask("run", "b", "sleep", "1000")).exitStatus, 0);
    await batch.end();
  },
);

/** Limits the memory of a namespace, and returns how it is filled. */
async function fullMemory(ns: TestNamespace) {
  await ns.init("--memory", "8M", "--swap", "0");
  const hierarchy = ["memory", "unified"].map((name) => `${ns.directory}/${name}`)
    .find((path) => exists(`${path}/memory.max`) || exists(`${path}/memory.limit_in_bytes`));
  const cgroup = `${hierarchy}/by-hand`;
  Deno.mkdirSync(cgroup);
  const file = `/dev/shm/${ns.name}`;
  const program = new URL("fill_memory.py", import.meta.url).pathname;
  const words = ["/usr/bin/python3", program, `${cgroup}/cgroup.procs`, file];
  return {
    /** Leaves so many KiB free. */
    fill: async (free: number) => {
      // The kernel holds back some pages for each processor: until it has none for a task.
      for (let fits = true; fits;) {
        assertEquals((await exec(words, { uid: 0 })).code, 137);
        fits = (await ns.lanco("run", "fits", "sleep", "1000")).code === 0;
        if (fits) await ns.lanco("stop", "--now", "fits");
      }
      Deno.truncateSync(file, Deno.statSync(file).size - free * 1024);
    },
    free: () => {
      if (exists(file)) Deno.removeSync(file);
      Deno.removeSync(cgroup);
    },
  };
}

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

/** A limit or scheduling class of a caller's, and what comes of it there. */
type Caller = [words: string[], outcome: "as ever" | "no program" | "refused", why?: RegExp];

const limit = (name: string, value: number) => ["prlimit", `--${name}=${value}`];

/** Where v1's cpu hierarchy gives no time to real-time processes. */
const REAL_TIME = exists("/sys/fs/cgroup/cpu,cpuacct/cpu.rt_runtime_us") ||
  exists("/sys/fs/cgroup/cpu/cpu.rt_runtime_us");

/** None is above what is usual as a hard limit: to raise one takes a privilege. */
const CALLERS: readonly Caller[] = [
  // There is no lanĉo then, but what loads it, or the runtime, ends.
  ...["data", "stack", "as"].flatMap((name) =>
    [0, 100_000].map((value): Caller => [limit(name, value), "no program"])
  ),
  [limit("cpu", 0), "no program"],
  [limit("nofile", 0), "no program"],
  [limit("nproc", 0), "no program"],
  [limit("fsize", 0), "refused", /RLIMIT_FSIZE, "ulimit -f"\) is 0 bytes: raise it/],
  [limit("nofile", 16), "refused", /RLIMIT_NOFILE, "ulimit -n"\) is 16: raise it/],
  [limit("fsize", 100_000), "as ever"],
  [limit("cpu", 100_000), "as ever"],
  [limit("nofile", 64), "as ever"],
  ...["core", "memlock", "msgqueue", "nice", "rss", "rtprio", "rttime", "sigpending", "locks"]
    .map((name): Caller => [limit(name, 0), "as ever"]),
  ...["core", "memlock", "msgqueue", "rss", "rttime", "locks"]
    .map((name): Caller => [limit(name, 60_000), "as ever"]),
  ...["--fifo", "--rr"].map((policy): Caller =>
    REAL_TIME
      ? [["chrt", policy, "10"], "refused", /takes no real-time process: .*"chrt -o 0 lanco /]
      : [["chrt", policy, "10"], "as ever"]
  ),
  [["chrt", "--batch", "0"], "as ever"],
];

/** What the commands answer: check, run, stop; and of a batch, run and stop. */
const ANSWERS = { "as ever": [0, 0, 0, 0, 0], refused: [0, 1, 3, 1, 3] };

cgroupTest("whatever limit or scheduling class its caller has, no answer is untrue", async (ns) => {
  await ns.must("run", "other", "sleep", "1000");
  const requests = [["run", "b", "sleep", "1000"], ["stop", "--now", "b"]]
    .map(([command, ...args]) => JSON.stringify({ command, args }) + "\n").join("");
  for (const [words, outcome, why = /^$/] of CALLERS) {
    const what = words.join(" ");
    const lanco = (args: string[], stdin = "") =>
      exec(
        [...FEW_DESCRIPTORS, ...words, "setpriv", ...identity(OWNER), LANCO, ns.name, ...args],
        { uid: 0, stdin },
      );
    const looked = await lanco(["check", "other"]);
    const ran = await lanco(["run", "a", "sleep", "1000"]);
    assert(!/^(prlimit|chrt): /.test(ran.stderr), `${what}: ${ran.stderr}`);
    assertEquals((await ns.lanco("check", "a")).code, outcome === "as ever" ? 0 : 3, what);
    const stopped = await lanco(["stop", "--now", "a"]);
    const batch = await lanco(["batch"], requests);
    const codes = [looked.code, ran.code, stopped.code];
    if (outcome === "no program") {
      assertEquals([...codes, batch.code].filter((code) => !BROKEN.includes(code)), [], what);
      assertEquals(batch.stdout, "", what);
    } else {
      assertEquals([batch.code, batch.stderr], [0, ""], what);
      const answers = answersIn(batch.stdout);
      const statuses = answers.map(({ exitStatus }) => exitStatus);
      assertEquals([...codes, ...statuses], ANSWERS[outcome], `${what}: ${ran.stderr}`);
      assertMatch(ran.stderr.trim(), why, what);
      assertMatch(answers[0].messages.join(), why, what);
    }
    for (const task of ["a", "b"]) assertEquals((await ns.lanco("check", task)).code, 3, what);
  }
});

cgroupTest("a caller that gets idle processors alone is told the truth", async (ns) => {
  const idle = [...FEW_DESCRIPTORS, "chrt", "--idle", "0", "setpriv", ...identity(OWNER)];
  const { code, stderr } = await exec([...idle, LANCO, ns.name, "run", "a", "sleep", "1000"], {
    uid: 0,
  });
  // On a busy host the launch may not come to its end in time.
  assertMatch(stderr, code === 0 ? /^$/ : /the host may be too busy: try again\n$/);
  assertEquals((await ns.lanco("check", "a")).code, code === 0 ? 0 : 3);
  if (code !== 0) return;
  const [pid = 0] = ns.task("a");
  // The kernel calls the class SCHED_IDLE 5 (sched(7)); field 41 is 39 behind the name.
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/.*\) /, "").split(" ");
  assertEquals(fields[38], "5");
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

/**
 * Sets oom_score_adj below 0. Where root lacks CAP_SYS_RESOURCE, as in a container, the value is
 * only what lanĉo sees: $2 is a file that is shown in its place.
 */
const BELOW_ZERO = `{ echo "$1" >/proc/self/oom_score_adj; } 2>/dev/null || {
  echo 300 >/proc/self/oom_score_adj; echo "$1" >"$2"
  mount --bind "$2" "/run/lanco/proc/$$/oom_score_adj"
}
shift 2; exec "$@"`;

cgroupTest("a task has 0 if the oom_score_adj of its caller is below that", async (ns) => {
  const cat = "cat /proc/self/oom_score_adj";
  const shown = ["-500", `${ns.scratch}/shown`];
  const caller = ["unshare", "--mount", "sh", "-c", BELOW_ZERO, "sh", ...shown];
  const run = [LANCO, ns.name, "run", "-c", cat, "a", "sh", "-c", cat];
  const { code, stderr } = await exec([...caller, "setpriv", ...identity(OWNER), ...run], {
    uid: 0,
  });
  assertEquals([code, stderr], [0, ""]);
  await until("both have told", () => ns.log("a").length >= 4);
  assertEquals(ns.log("a"), "0\n0\n");
});

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
