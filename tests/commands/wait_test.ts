import { assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  descriptors,
  exec,
  exists,
  identity,
  LANCO,
  OWNER,
  start,
  until,
} from "../harness.ts";

/** Whether a process waits for the run of task a: it has also opened the file for a moment before, to read it. */
function holds(pid: number): boolean {
  return descriptors(pid, "inotify") === 1 && descriptors(pid, "-a/status") === 1;
}

cgroupTest("wait exits with the status of a running task, and of an ended one", async (ns) => {
  const go = `${ns.scratch}/go`;
  await ns.must("run", "a", "sh", "-c", `until [ -e ${go} ]; do sleep 0.05; done; exit 7`);
  const waiting = start([LANCO, ns.name, "wait", "a"]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  Deno.writeTextFileSync(go, "");
  assertEquals((await waiting.status).code, 7);
  await ns.gone("a");
  assertEquals((await ns.lanco("wait", "a")).code, 7);
  await ns.must("run", "b", "sh", "-c", "kill -9 $$");
  assertEquals((await ns.lanco("wait", "b")).code, 137);
  await ns.must("run", "c", "true");
  assertEquals(await ns.lanco("wait", "c"), { code: 0, stdout: "", stderr: "" });
});

cgroupTest(
  "wait waits for the last process of the task, and gives the first one's status",
  async (ns) => {
    const go = `${ns.scratch}/go`;
    await ns.must("run", "a", "sh", "-c", `(until [ -e ${go} ]; do sleep 0.05; done) & exit 4`);
    await until(
      "the first has ended",
      () => ns.status("a") === 4,
    );
    assertEquals((await ns.lanco("wait", "-t", "0.2", "a")).code, 124);
    Deno.writeTextFileSync(go, "");
    assertEquals((await ns.lanco("wait", "a")).code, 4);
    assertEquals((await ns.lanco("check", "a")).code, 3);
  },
);

cgroupTest(
  "wait of several gives the first status that is not 0, in the order given",
  async (ns) => {
    for (const status of [0, 3, 5]) {
      await ns.must(
        "run",
        `t${status}`,
        "sh",
        "-c",
        `exit ${status}`,
      );
    }
    const statusOf = async (...tasks: string[]) => (await ns.lanco("wait", ...tasks)).code;
    assertEquals(await statusOf("t0", "t3", "t5"), 3);
    assertEquals(await statusOf("t5", "t3"), 5);
    assertEquals(await statusOf("t0", "t0"), 0);
  },
);

cgroupTest("wait --any exits when the first task ends, and prints its name", async (ns) => {
  await ns.must("run", "long", "sleep", "1000");
  await ns.must("run", "short", "sh", "-c", "sleep 0.3; exit 6");
  assertEquals(await ns.lanco("wait", "--any", "long", "short"), {
    code: 6,
    stdout: "short\n",
    stderr: "",
  });
  assertEquals((await ns.lanco("wait", "--any", "-t", "0.1", "long")).code, 124);
});

cgroupTest("wait of a run is not confused by the next run of the same name", async (ns) => {
  const go = `${ns.scratch}/go`;
  await ns.must("run", "a", "sh", "-c", `until [ -e ${go} ]; do sleep 0.05; done; exit 7`);
  const waiting = start([LANCO, ns.name, "wait", "a"]);
  // The waiting process is stopped, so that it is woken only after the next run has started.
  await until("it holds the run", () => holds(waiting.pid));
  waiting.kill("SIGSTOP");
  Deno.writeTextFileSync(go, "");
  await ns.gone("a");
  await ns.must("run", "a", "sleep", "1000");
  waiting.kill("SIGCONT");
  assertEquals((await waiting.status).code, 7);
});

cgroupTest(
  "wait of a task whose shim was killed fails with 125",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    Deno.kill(ns.shim("a"), "SIGKILL");
    await ns.must("stop", "--now", "a");
    const { code, stderr } = await ns.lanco("wait", "a");
    assertEquals(code, 125);
    assertMatch(stderr, /unknown how task a ended: its shim was killed/);
  },
);

cgroupTest("wait refuses unknown tasks and invalid values", async (ns) => {
  const cases: [string[], number, RegExp][] = [
    [[], 2, /which task/],
    [["a/b"], 2, /cannot name a task/],
    [["-t", "soon", "a"], 2, /-t needs seconds/],
    [["-t", "-1", "a"], 2, /-t needs seconds/],
    [["never"], 125, /nothing is known of task never: see "lanco .* ls -a"/],
  ];
  for (const [args, status, text] of cases) {
    const { code, stdout, stderr } = await ns.lanco("wait", ...args);
    assertEquals([code, stdout], [status, ""], args.join(" "));
    assertMatch(stderr, text);
  }
});

cgroupTest(
  "wait of an unknown task exits with 125, which is not the 3 of a task that exited with 3",
  async (ns) => {
    await ns.must("run", "three", "sh", "-c", "exit 3");
    await ns.gone("three");
    assertEquals((await ns.lanco("wait", "three")).code, 3);
    assertEquals((await ns.lanco("check", "never")).code, 3);
    const { code, stderr } = await ns.lanco("wait", "thre");
    assertEquals(code, 125);
    assertMatch(stderr, /\[ERROR\/wait\] nothing is known of task thre, did you mean "three"\?/);
    const any = await ns.lanco("wait", "--any", "never", "three");
    assertEquals([any.code, any.stdout], [3, "three\n"]);
    assertMatch(any.stderr, /nothing is known of task never/);
    const unknown = await ns.lanco("wait", "--any", "never", "neither");
    assertEquals([unknown.code, unknown.stdout], [125, ""]);
  },
);

cgroupTest("wait --json has an entry for each task, also for unknown ones", async (ns) => {
  const go = `${ns.scratch}/go`;
  await ns.must("run", "a", "sh", "-c", `until [ -e ${go} ]; do sleep 0.05; done; exit 7`);
  await ns.must("run", "slow", "sleep", "1000");
  const { run, pid } = ns.record("a");
  const unknown = { run: null, pid: null, labels: {} };
  const nothing = { ended: null, status: null, code: null, signal: null, timedOut: false };
  const entries = async (status: number, ...args: string[]) => {
    const { code, stdout } = await ns.lanco("wait", "--json", ...args);
    assertEquals(code, status);
    return JSON.parse(stdout);
  };
  const early = await entries(124, "-t", "0.1", "never", "a");
  assertEquals([early.timedOut, early.tasks.a.ended, early.tasks.a.exitStatus], [true, false, 124]);
  const waiting = entries(125, "-t", "10", "never", "a");
  await new Promise((resolve) => setTimeout(resolve, 300));
  Deno.writeTextFileSync(go, "");
  const { timedOut, tasks } = await waiting;
  assertEquals([timedOut, Object.keys(tasks)], [false, ["never", "a"]]);
  const why = `nothing is known of task never: see "lanco ${ns.name} ls -a"`;
  assertEquals(tasks.never, { ...nothing, ...unknown, why, exitStatus: 125 });
  assertEquals(tasks.a, {
    ...nothing,
    run,
    pid,
    labels: {},
    ended: true,
    status: 7,
    code: 7,
    why: null,
    exitStatus: 7,
  });
  Deno.kill(ns.shim("slow"), "SIGKILL");
  await ns.must("stop", "--now", "slow");
  const lost = (await entries(125, "slow")).tasks.slow;
  assertEquals([lost.ended, lost.status, lost.exitStatus], [true, null, 125]);
  assertMatch(lost.why, /unknown how task slow ended: its shim was killed/);
});

cgroupTest("wait ends when the task is stopped and the namespace released", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const waiting = start([LANCO, ns.name, "wait", "a"]);
  await until("it holds the run", () => holds(waiting.pid));
  await ns.must("stop", "a");
  await ns.gone("a");
  const { code } = await exec([LANCO, ns.name, "release"], { uid: 0 });
  assertEquals(code, 0);
  assertEquals((await waiting.status).code, 143);
  assertEquals((await ns.lanco("wait", "a")).code, 5);
});

/**
 * Starts a program as the owner in a user namespace in which no inotify instance may be created
 * (user_namespaces(7)); user ids are mapped to themselves.
 */
async function withoutInotify(command: string[]): Promise<Deno.ChildProcess> {
  const holder = new Deno.Command("unshare", { args: ["--user", "sleep", "1000"] }).spawn();
  const inside = () => Deno.readLinkSync(`/proc/${holder.pid}/ns/user`);
  try {
    await until("it is there", () => inside() !== Deno.readLinkSync("/proc/self/ns/user"));
    for (const map of ["uid_map", "gid_map"]) {
      Deno.writeTextFileSync(`/proc/${holder.pid}/${map}`, "0 0 4294967295\n");
    }
    const limit = 'echo 0 >/proc/sys/user/max_inotify_instances && : >"$0" && exec "$@"';
    const mark = Deno.makeTempFileSync();
    Deno.removeSync(mark);
    // In a container /proc/sys may be mounted read-only.
    const writable = 'mount -o remount,rw,bind /proc/sys 2>/dev/null || :; exec nsenter "$@"';
    const process = new Deno.Command("unshare", {
      args: [
        ...["--mount", "sh", "-c", writable, "sh"],
        `--user=/proc/${holder.pid}/ns/user`,
        ...["sh", "-c", limit, mark, "setpriv", ...identity(OWNER), ...command],
      ],
      cwd: "/",
      stdin: "null",
    }).spawn();
    await until("it is inside", () => exists(mark));
    Deno.removeSync(mark);
    return process;
  } finally {
    holder.kill("SIGKILL");
    await holder.status;
  }
}

cgroupTest(
  "wait learns of the end by inotify, or by polling where the user may not use inotify",
  async (ns) => {
    const go = `${ns.scratch}/go`;
    await ns.must("run", "a", "sh", "-c", `until [ -e ${go} ]; do sleep 0.05; done; exit 2`);
    const command = [LANCO, ns.name, "wait", "a"];
    const told = start(command);
    const looking = await withoutInotify(command);
    for (const { pid } of [told, looking]) {
      await until("it holds the run", () => descriptors(pid, "-a/status") === 1);
    }
    await until("it watches", () => descriptors(told.pid, "inotify") === 1);
    assertEquals(descriptors(looking.pid, "inotify"), 0);
    Deno.writeTextFileSync(go, "");
    assertEquals([(await told.status).code, (await looking.status).code], [2, 2]);
  },
);
