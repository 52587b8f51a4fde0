import { assert, assertEquals } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  identity,
  KEEPER,
  LANCO,
  LEGACY,
  lives,
  OWNER,
  type TestNamespace,
  TRACKER,
  until,
} from "../harness.ts";

/** The mount points of all cgroup hierarchies that the host is to have, but lanĉo's own. */
function hierarchies(): string[] {
  return Deno.readTextFileSync("/proc/self/mountinfo").split("\n")
    .filter((line) => (LEGACY ? / - cgroup / : / - cgroup2? /).test(line))
    .filter((line) => !line.includes("lanco-"))
    .map((line) => line.split(" ")[4] ?? "");
}

function cgroupsOf(pid: number): string {
  return Deno.readTextFileSync(`/proc/${pid}/cgroup`);
}

/** Calls a function with a cgroup in every hierarchy, such as a service manager makes for a caller. */
async function inCallerCgroups(
  ns: TestNamespace,
  body: (caller: string, enter: string) => Promise<void>,
): Promise<void> {
  const caller = `caller-${ns.name}`;
  const cgroups = hierarchies().map((mount) => `${mount}/${caller}`);
  const enter = cgroups.map((cgroup) => `echo $$ >${cgroup}/cgroup.procs`).join(" && ");
  try {
    for (const cgroup of cgroups) {
      Deno.mkdirSync(cgroup);
      for (const file of ["cpuset.cpus", "cpuset.mems"]) {
        if (!exists(`${cgroup}/${file}`)) continue;
        Deno.writeTextFileSync(`${cgroup}/${file}`, Deno.readTextFileSync(`${cgroup}/../${file}`));
      }
    }
    await body(caller, enter);
  } finally {
    for (const cgroup of cgroups) {
      await until(
        `${cgroup} can be removed`,
        async () => !exists(cgroup) || (await exec(["rmdir", cgroup], { uid: 0 })).code === 0,
      );
    }
  }
}

cgroupTest("invariant 2: a task and its shim leave every cgroup of the caller", async (ns) => {
  await inCallerCgroups(ns, async (caller, enter) => {
    const run = `${LANCO} ${ns.name} run a sh -c "sleep 1001 & sleep 1000"`;
    const line = `${enter}; cat /proc/self/cgroup; setpriv ${identity(OWNER).join(" ")} ${run}`;
    const { code, stdout, stderr } = await exec(["/bin/sh", "-c", line], { uid: 0 });
    assertEquals([code, stderr], [0, ""]);
    // The test itself would prove nothing if the caller were not in them.
    assertEquals(stdout.split(`/${caller}\n`).length - 1, hierarchies().length);
    await until("all are there", () => ns.task("a").length === 3);
    for (const pid of [...ns.task("a"), ns.shim("a")]) {
      assert(!cgroupsOf(pid).includes(caller), cgroupsOf(pid));
    }
    const [pid = 0] = ns.task("a");
    const old = ["memory", "pids", "cpu", "cpuacct", `name=lanco-${ns.name}`];
    const own = KEEPER === "systemd" ? [TRACKER] : [...old, TRACKER];
    for (const line of cgroupsOf(pid).trim().split("\n")) {
      const name = line.split(":")[1] || "unified";
      if (own.includes(name)) assert(line.endsWith("/task-a"), line);
    }
    const shims = KEEPER === "systemd" ? ".service/shims/task-a\n" : "/shims\n";
    if (!LEGACY) assert(cgroupsOf(ns.shim("a")).includes(`/lanco-${ns.name}${shims}`));
  });
  // The caller's cgroups could be removed: nothing of the task was left in them.
  assertEquals((await ns.lanco("check", "a")).code, 0);
});

cgroupTest("a task survives the death of its caller's session, group and cgroup", async (ns) => {
  await inCallerCgroups(ns, async (_, enter) => {
    const mark = `${ns.scratch}/started`;
    const run = `${LANCO} ${ns.name} run a sleep 1000`;
    const line = `${enter}; setpriv ${identity(OWNER).join(" ")} ${run}; : >${mark}; sleep 1000`;
    const caller = new Deno.Command("setsid", { args: ["sh", "-c", line], stdin: "null" }).spawn();
    await until("the task was started", () => exists(mark));
    if (LEGACY) {
      const all = `/sys/fs/cgroup/freezer/caller-${ns.name}/cgroup.procs`;
      const pids = Deno.readTextFileSync(all).trim().split("\n").map(Number);
      assert(pids.includes(caller.pid));
      for (const pid of pids) Deno.kill(pid, "SIGKILL");
    } else {
      const kill = hierarchies().find((mount) => exists(`${mount}/caller-${ns.name}/cgroup.kill`));
      assert(kill !== undefined);
      Deno.writeTextFileSync(`${kill}/caller-${ns.name}/cgroup.kill`, "1");
    }
    Deno.kill(-caller.pid, "SIGKILL");
    await caller.status;
  });
  const [pid = 0] = ns.task("a");
  assert(lives(pid) && lives(ns.shim("a")));
  assertEquals((await ns.lanco("check", "a")).code, 0);
});

// Without v2 it is asked for nothing.
if (!LEGACY) {
  cgroupTest(
    "run fails and leaves nothing when the release agent does not let the task in",
    async (ns) => {
      const agent = `/var/lib/lanco/${ns.name}/release-agent`;
      await exec(["mv", agent, `${agent}.gone`], { uid: 0 });
      const before = await ns.tracesAtRest();
      const { code, stderr } = await ns.lanco("run", "a", "touch", `${ns.scratch}/was-run`);
      assertEquals(code, 1, stderr);
      assert(/release agent does not answer: run "sudo lanco .* init" again/.test(stderr), stderr);
      assert(!exists(`${ns.scratch}/was-run`));
      assertEquals(ns.traces().filter((path) => !path.includes("named/new-")), before);
      await ns.init();
      await ns.must("run", "a", "true");
    },
  );
}
