import { assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  KEEPER,
  LANCO,
  OWNER,
  start,
  type TestNamespace,
  until,
} from "../harness.ts";

/** Changes the owner of the named hierarchy, as release and init do. */
function changeOwner(ns: TestNamespace, uid: number): void {
  for (const file of KEEPER === "systemd" ? ["", "/cgroup.procs"] : [""]) {
    Deno.chownSync(`${ns.directory}/named${file}`, uid, uid);
  }
}

/** Returns the cgroups of launches that have not been completed. */
function launchCgroups(ns: TestNamespace): string[] {
  // Where systemd keeps it, a launch begins with the cgroup of the task.
  const made = KEEPER === "systemd" ? /named\/(task|exit)-/ : /named\/(new|enter|bell|exit)-/;
  return ns.traces().filter((path) => made.test(path));
}

cgroupTest("run waits while root checks whether a task runs", async (ns) => {
  changeOwner(ns, 0);
  const run = ns.lanco("run", "-c", "true", "a", "sleep", "1000");
  await new Promise((resolve) => setTimeout(resolve, 500));
  changeOwner(ns, OWNER);
  assertEquals(await run, { code: 0, stdout: "", stderr: "" });
  assertEquals((await ns.lanco("check", "a")).code, 0);
});

cgroupTest("run that fails because of release says so and leaves no cgroup", async (ns) => {
  const [call, delay] = KEEPER === "systemd" ? ["mkdir", "delay_exit"] : ["rename", "delay_enter"];
  const hold = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${call}`];
  const late = [...hold, "-e", `inject=${call}:${delay}=1000000:when=1`];
  const run = start([...late, LANCO, ns.name, "run", "a", "sleep", "1000"], { stderr: "piped" });
  await until("the launch has begun", () => launchCgroups(ns).length > 0);
  changeOwner(ns, 0);
  const { code, stderr } = await run.output();
  assertEquals(code, 1);
  assertMatch(new TextDecoder().decode(stderr), /ERROR\/run\] namespace .* is being released, or/);
  changeOwner(ns, OWNER);
  // The release agent removes it; without one an empty cgroup stays until the next launch.
  if (KEEPER === "systemd") assertEquals((await ns.lanco("check", "a")).code, 3);
  else await until("nothing is left", () => launchCgroups(ns).length === 0);
  await ns.must("run", "a", "true");
  await ns.gone("a");
});

cgroupTest(
  "run removes a cgroup that no process has entered when the namespace is open again",
  async (ns) => {
    // The launch fails after the staged cgroup was made, for the working directory does not exist.
    const hold = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=mkdir"];
    // Or after the task was registered, for its log cannot be made.
    const gone = `${ns.scratch}/gone`;
    const [first, wrong] = KEEPER === "systemd"
      ? ["1+", ["-l", `${gone}/log`]]
      : ["2+", ["--chdir", gone]];
    const late = [...hold, "-e", `inject=mkdir:delay_exit=500000:when=${first}`];
    const run = start([...late, LANCO, ns.name, "run", ...wrong, "a", "true"]);
    await until("the launch has begun", () => launchCgroups(ns).length > 0);
    changeOwner(ns, 0);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    changeOwner(ns, OWNER);
    const { code } = await run.status;
    assertEquals(code, 1);
    await until("nothing is left", () => launchCgroups(ns).length === 0);
  },
);

cgroupTest(
  "run by another user names the owner of the namespace, also while it is closed",
  async (ns) => {
    changeOwner(ns, 0);
    const { code, stderr } = await exec([LANCO, ns.name, "run", "a", "true"], { uid: 1 });
    assertEquals(code, 6, stderr);
    assertEquals(exists(`${ns.directory}/named/task-a`), false);
    changeOwner(ns, OWNER);
  },
);
