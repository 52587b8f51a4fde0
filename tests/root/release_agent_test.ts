import { assert, assertEquals, assertMatch } from "@std/assert";
import { COUNTERS } from "../../src/task/usage.ts";
import { cgroupTest, exec, exists, LEGACY, shell, STRANGER, TRACKER, until } from "../harness.ts";

/** The mount point of a hierarchy, of which the owner has a part only. */
const ROOT_OF_HIERARCHY = /^\S+ \S+ \S+ \/ (\S+) .* - cgroup2? /m.exec(
  Deno.readTextFileSync("/proc/self/mountinfo"),
)?.[1];

/** Asserts that an attempt of the owner's is denied, and fails for no other reason. */
async function assertForbidden(line: string): Promise<void> {
  const { code, stderr } = await shell(line);
  assert(code !== 0, line);
  assertMatch(stderr, /Permission denied|Operation not permitted/, line);
}

function isOf(pid: number, uid: number): boolean {
  return new RegExp(`^Uid:\\s+${uid}\\s`, "m").test(
    Deno.readTextFileSync(`/proc/${pid}/status`),
  );
}

cgroupTest("invariant 7: the release agent refuses names outside of the grammar", async (ns) => {
  const bait = `${ns.scratch}/bait`;
  await shell(`mkdir -p ${bait}`);
  const names = [
    "$(touch x)",
    "; touch x",
    "a b",
    "-rf",
    "...",
    "*",
    "`touch x`",
    "a'b",
    'a"b',
    "a\\b",
    "é",
  ];
  for (const name of names) {
    for (const kind of ["task", "exit", "bell", "new", "enter"]) await ns.ring(`${kind}-${name}`);
  }
  await ns.askToLetIn(...names.flatMap((name) => [`task-${name}`, `exit-${name}`]));
  // A valid one shows that the kernel has called the agent for those before it.
  await ns.ring("task-valid");
  await until("the agent has come", () => !exists(`${ns.directory}/named/task-valid`));
  assertEquals([...Deno.readDirSync(bait)], []);
  assert(!exists("/x") && !exists(`/var/lib/lanco/${ns.name}/x`));
});

cgroupTest("invariant 7: the owner can change nothing that runs as root", async (ns) => {
  const { directory } = ns;
  for (
    const attempt of [
      `echo /tmp/evil >${directory}/named/release_agent`,
      `echo x >${ns.agent}`,
      `mv ${ns.agent} ${ns.agent}.old`,
      `mv /var/lib/lanco/${ns.name} /var/lib/lanco/x`,
      `rm -f ${directory}/namespace.json`,
      `touch ${directory}/usage/x`,
      `touch ${directory}/usage/.errands/1`,
      `mv ${directory}/runs ${directory}/x`,
      `/bin/echo $$ >${ROOT_OF_HIERARCHY}/cgroup.procs`,
    ]
  ) await assertForbidden(attempt);
});

cgroupTest("invariant 7: only processes of its owner's enter a namespace", async (ns) => {
  const victim = new Deno.Command("setpriv", {
    args: [`--reuid=${STRANGER}`, "--clear-groups", "sleep", "1000"],
  }).spawn();
  // Parallel tests make and remove namespaces.
  const places = () =>
    Deno.readTextFileSync(`/proc/${victim.pid}/cgroup`).split("\n")
      .filter((line) => !line.includes(":name=lanco-") || line.includes(`-${ns.name}:`));
  try {
    await until("the process belongs to a stranger", () => isOf(victim.pid, STRANGER));
    const before = places();
    await ns.must("run", "a", "sleep", "1000");
    const own = LEGACY ? ["freezer/task-a"] : ["unified/task-a", "unified/shims"];
    for (const cgroup of ["named/task-a", "memory/task-a", "named", ...own]) {
      if (!exists(`${ns.directory}/${cgroup}/cgroup.procs`)) continue;
      await assertForbidden(`/bin/echo ${victim.pid} >${ns.directory}/${cgroup}/cgroup.procs`);
    }
    // These cgroups only have the names of a task's.
    const like = LEGACY ? "freezer" : "unified";
    await shell(`mkdir ${ns.directory}/named/task-x ${ns.directory}/${like}/task-x`);
    await ns.askToLetIn("task-x", "task-a", "exit-1-x");
    assertEquals(places(), before);
  } finally {
    victim.kill("SIGKILL");
    await victim.status;
  }
});

cgroupTest("invariant 7: root follows no symbolic link of the owner's", async (ns) => {
  const secret = `${ns.scratch}/secret`;
  Deno.writeTextFileSync(secret, "touch /run/lanco-evil; echo secret\n", { mode: 0o600 });
  await ns.must("run", "a", "sleep", "1000");
  const run = ns.runDirectory("a");
  await shell(
    `ln -s ${secret} ${run}/exit-command; rm ${run}/status; ln -s ${secret} ${run}/status`,
  );
  await shell(`mkdir -p ${ns.runDirectory("task-a")}/keep`);
  await ns.lanco("stop", "a");
  await ns.gone("a");
  assertEquals(Deno.readTextFileSync(secret), "touch /run/lanco-evil; echo secret\n");
  assert(!exists("/run/lanco-evil"));
  assert(exists(`${ns.runDirectory("task-a")}/keep`));
});

cgroupTest(
  "a release agent that runs twice for a task, or at the same time as a new one, does no harm",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    const call = () => exec([ns.agent, "/task-a"], { uid: 0 });
    await Promise.all([call(), call(), call()]);
    await ns.must("check", "a");
    assertEquals(ns.task("a").length, 1);
    await Promise.all([ns.must("stop", "a"), call(), call()]);
    await ns.gone("a");
    await Promise.all([call(), ns.must("run", "a", "sleep", "1000"), call(), call()]);
    await ns.must("check", "a");
    assertEquals(ns.task("a").length, 1);
  },
);

cgroupTest("the release agent keeps every counter of which a status is made", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const { hierarchies } = JSON.parse(Deno.readTextFileSync(`${ns.directory}/namespace.json`));
  const cgroups: string[] = hierarchies.map(({ name }: { name: string }) => `${name}/task-a`);
  const counted = COUNTERS.filter((file) =>
    cgroups.some((cgroup) => exists(`${ns.directory}/${cgroup}/${file}`))
  );
  assert(counted.length > 0);
  await ns.must("stop", "a");
  await ns.gone("a");
  const { stdout } = await shell("cat usage/*-a", { cwd: ns.directory });
  const kept = stdout.split("\n").map((line) => line.split(" ")[0]).filter(Boolean);
  assertEquals([...new Set(kept)].sort(), counted.sort());
});

for (const sh of ["/bin/dash", "/bin/bash", "/bin/busybox sh", "/bin/bash --posix"]) {
  cgroupTest(`the release agent does the same under ${sh}`, async (ns) => {
    ns.runAgentUnder(sh);
    const mark = `${ns.scratch}/mark`;
    const script = `mkdir ${ns.directory}/${TRACKER}/task-a/x; sleep 0.2; exit 9`;
    const command = `echo $LANCO_TASK $LANCO_STATUS >${mark}.new; mv ${mark}.new ${mark}`;
    await ns.must("run", "-c", command, "a", "sh", "-c", script);
    if (!LEGACY) assertEquals(ns.pids("unified/shims"), [ns.shim("a")]);
    assert(ns.pids("named/task-a").includes(ns.shim("a")) && !ns.task("a").includes(ns.shim("a")));
    await ns.gone("a");
    await until("the exit command has run", () => exists(mark));
    assertEquals(Deno.readTextFileSync(mark), "a 9\n");
    const left = () => ns.traces().filter((path) => /-a$/.test(path) && !/\/\.?runs\//.test(path));
    await until("nothing is left", () => left().length === 0);
  });
}
