import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  identity,
  KEEPER,
  LANCO,
  lives,
  OWNER,
  start,
  STRANGER,
  type TestNamespace,
  TRACKER,
  until,
} from "../harness.ts";
import { openBatch } from "../batch.ts";

/** Runs release; strace(1) delays some of its system calls, by this many milliseconds. */
function release(ns: TestNamespace, calls = "", milliseconds = 0) {
  const inject = `inject=${calls}:delay_enter=${milliseconds * 1000}`;
  const slow = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${calls}`, "-e", inject];
  return exec([...(calls ? slow : []), LANCO, ns.name, "release"], { uid: 0 });
}

/** Whether nothing of the namespace is left, in any hierarchy. */
function isGone(ns: TestNamespace): boolean {
  const files = ["/proc/self/mountinfo", "/proc/self/cgroup"].map((file) =>
    Deno.readTextFileSync(file)
  );
  return !exists(ns.directory) && !files.some((text) => text.includes(ns.name));
}

/** Starts a Python program as the owner, which runs until it is stopped. */
function python(text: string, ...args: string[]) {
  const process = start(["/usr/bin/python3", "-c", text, ...args]);
  return {
    pid: process.pid,
    async stop() {
      process.kill("SIGKILL");
      await process.status;
    },
  };
}

cgroupTest("a release that is refused hinders no launch", async (ns) => {
  await ns.must("run", "other", "sleep", "1000");
  const { ask, end } = openBatch(ns);
  let over = false;
  const refused = release(ns, "execve", 300).finally(() => over = true);
  let runs = 0;
  for (; !over; runs++) {
    const { exitStatus, messages } = await ask("run", `a${runs}`, "sleep", "1000");
    assertEquals(exitStatus, 0, JSON.stringify(messages));
  }
  assertMatch((await refused).stderr, /is in use, by \d+ /);
  assert(runs > 2, `${runs} runs`);
  await end();
});

const FORKS = "import os\nwhile True:\n  if os.fork(): os._exit(0)";

cgroupTest("release notices a task whose processes end before they can be listed", async (ns) => {
  await ns.must("run", "a", "/usr/bin/python3", "-c", FORKS);
  // Without the shim the task has no process that lasts.
  const shim = JSON.parse(await ns.must("status", "--json", "a")).shim;
  if (typeof shim === "number") Deno.kill(shim, "SIGKILL");
  const { code, stderr } = await release(ns, "write", 50);
  assertEquals(code, 4, stderr);
  assertMatch(stderr, /is in use, by (processes that come and go|\d+ python3)/);
  assertEquals(Deno.statSync(`${ns.directory}/named`).uid, OWNER);
  await ns.must("check", "a");
  await ns.must("stop", "--now", "a");
});

cgroupTest("release ends though a look at what processes have open does not", async (ns) => {
  const user = new Deno.Command("setpriv", {
    args: [...identity(STRANGER), "sleep", "1000"],
    cwd: `${ns.directory}/${TRACKER}`,
  }).spawn();
  try {
    const slow = ["-e", "trace=getdents64", "-e", "inject=getdents64:delay_enter=8000000"];
    const strace = [
      "strace",
      "-f",
      "-qq",
      "-o",
      "/dev/null",
      "-P",
      `/proc/${user.pid}/fd`,
      ...slow,
    ];
    const { code, stderr } = await exec([...strace, LANCO, ns.name, "release"], { uid: 0 });
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /is still used by process \? .*: it is gone for all others/);
    assert(!exists(ns.directory));
  } finally {
    user.kill("SIGKILL");
    await user.status;
  }
});

cgroupTest("release takes nothing that a time limit starts for a task", async (ns) => {
  const places = [`${ns.directory}/named/exit-T1-a`];
  if (KEEPER === "named") places.push(`${ns.directory}/unified/exits/T1-a`);
  await exec(["mkdir", ...places]);
  // Forks as often as it can, as what keeps a time limit or bounds a log does now and then.
  const enter = places.map((place) => `echo 0 >${place}/cgroup.procs`).join(" && ");
  const forking = `${enter} && { exec python3 -c "$0" & } >/dev/null 2>&1; echo $!`;
  const first = Number((await exec(["sh", "-c", forking, FORKS], { uid: 0 })).stdout);
  await until("it has forked", () => first > 0 && !lives(first));
  const { code, stderr } = await release(ns);
  assertEquals([code, stderr], [0, ""]);
});

cgroupTest("release prints the name of a process as it is", async (ns) => {
  const naming =
    "import time; open('/proc/self/comm', 'w').write('x\\\\nfree: all ok\\\\c'[:15]); time.sleep(1000)";
  await ns.must("run", "a", "/usr/bin/python3", "-c", naming);
  await until(
    "the process has its name",
    () => ns.task("a").some((pid) => Deno.readTextFileSync(`/proc/${pid}/comm`).startsWith("x\\n")),
  );
  const { code, stderr } = await ns.lancoWith({ uid: 0 }, "release");
  assertEquals(code, 4);
  assertMatch(stderr, /^\S+ \[WARN\/release\] namespace \S+ is in use, by .*\d+ x\\nfree/);
});

const MAKER = `import os, sys
n = 0
while True:
  for place in sys.argv[1:]:
    n += 1
    try: os.makedirs(f"{place}/x{n % 9}/y{n % 2000}/z")
    except OSError: pass`;

// Its depth has an end, for in v1 only the kernel's memory would limit it.
const DIGGER = `import os, sys, time
os.makedirs(sys.argv[1] + "/pit", exist_ok=True)
os.chdir(sys.argv[1] + "/pit")
for n in range(100):
  time.sleep(0.02)
  try:
    os.mkdir("p")
    os.chdir("p")
  except OSError: pass
time.sleep(1000)`;

cgroupTest("an owner who makes cgroups without end does not hinder release", async (ns) => {
  const places = ["named", "unified", "memory", "pids"].map((name) => `${ns.directory}/${name}`)
    .filter(exists);
  for (const text of [MAKER, DIGGER]) {
    const maker = python(text, ...places);
    try {
      await until(
        "the first cgroups are made",
        () => exists(`${places[0]}/x1`) || exists(`${places[0]}/pit`),
      );
      const { code, stderr } = await release(ns);
      assertEquals(code, 0, stderr);
      assert(!exists(ns.directory));
    } finally {
      await maker.stop();
    }
    // The kernel frees nested cgroups one after the other, which takes it seconds.
    if (text === MAKER) await until("nothing is left", () => isGone(ns));
    await ns.init();
    await ns.must("run", "a", "true");
    await ns.gone("a");
  }
});

cgroupTest("release waits for a launch that has to give up", async (ns) => {
  const staged = `${ns.directory}/named/new-x`;
  await exec(["mkdir", staged]);
  const released = release(ns, "unlinkat", 300);
  await until(
    "the namespace is taken from its owner",
    () => Deno.statSync(`${ns.directory}/named`).uid === 0,
  );
  // Enters like a launch that had made its cgroup before.
  const enter =
    `until [ ! -e ${ns.directory}/namespace.json ]; do :; done; echo 0 >${staged}/cgroup.procs && exec sleep 2`;
  const late = await exec(["sh", "-c", enter]);
  assertEquals(late.code, 0, late.stderr);
  const { code, stderr } = await released;
  assertEquals([code, stderr], [0, ""]);
  await until("nothing is left", () => isGone(ns));
});

cgroupTest(
  "release that finds a process too late names it, and can be completed when that has ended",
  async (ns) => {
    const place = `${ns.directory}/named/x`;
    await exec(["mkdir", place]);
    const released = release(ns, "unlinkat", 300);
    const enter =
      `until [ ! -e ${ns.directory}/namespace.json ]; do :; done; echo 0 >${place}/cgroup.procs && exec sleep 1000`;
    const sleeper = start(["sh", "-c", enter]);
    const { code, stderr } = await released;
    assertEquals(code, 4);
    assertMatch(
      stderr,
      new RegExp(`is in use, by ${sleeper.pid} sleep, and half released: end these`),
    );
    // The namespace is not given back to its owner, and no task can be launched in it.
    assertEquals(Deno.statSync(`${ns.directory}/named`).uid, 0);
    assertEquals((await ns.lanco("run", "a", "true")).code, 5);
    sleeper.kill("SIGKILL");
    await sleeper.status;
    assertEquals((await release(ns)).code, 0);
    await until("nothing is left", () => isGone(ns));
  },
);
