import { assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  LANCO,
  OWNER,
  start,
  type TestNamespace,
  until,
} from "../harness.ts";

/** Takes the named hierarchy from its owner, as release and init do, or gives it back. */
function own(ns: TestNamespace, uid: number): void {
  Deno.chownSync(`${ns.directory}/named`, uid, uid);
}

/** The cgroups that a launch leaves behind if it is hindered. */
function left(ns: TestNamespace): string[] {
  return ns.traces().filter((path) => /named\/(new|enter|bell|exit)-/.test(path));
}

cgroupTest("run waits while root looks whether anybody is there", async (ns) => {
  own(ns, 0);
  const run = ns.lanco("run", "-c", "true", "a", "sleep", "1000");
  await new Promise((resolve) => setTimeout(resolve, 500));
  own(ns, OWNER);
  assertEquals(await run, { code: 0, stdout: "", stderr: "" });
  assertEquals((await ns.lanco("check", "a")).code, 0);
});

cgroupTest("run that is hindered by release says so, and leaves nothing", async (ns) => {
  const hold = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename"];
  const late = [...hold, "-e", "inject=rename:delay_enter=1000000:when=1"];
  const run = start([...late, LANCO, ns.name, "run", "a", "sleep", "1000"], { stderr: "piped" });
  await until("it has begun", () => left(ns).length > 0);
  own(ns, 0);
  const { code, stderr } = await run.output();
  assertEquals(code, 1);
  assertMatch(new TextDecoder().decode(stderr), /ERROR\/run\] namespace .* is being released, or/);
  own(ns, OWNER);
  await until("nothing is left", () => left(ns).length === 0);
  await ns.must("run", "a", "true");
});

cgroupTest("run takes back a cgroup that nobody has entered when it may again", async (ns) => {
  // Its first process cannot be started, for there is no such directory, but only later.
  const hold = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=mkdir"];
  const late = [...hold, "-e", "inject=mkdir:delay_exit=500000:when=2+"];
  const gone = `${ns.scratch}/gone`;
  const run = start([...late, LANCO, ns.name, "run", "--chdir", gone, "a", "true"]);
  await until("it has begun", () => left(ns).length > 0);
  own(ns, 0);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  own(ns, OWNER);
  const { code } = await run.status;
  assertEquals(code, 1);
  await until("nothing is left", () => left(ns).length === 0);
});

cgroupTest("a stranger is told whose the namespace is, also while it is closed", async (ns) => {
  own(ns, 0);
  const { code, stderr } = await exec([LANCO, ns.name, "run", "a", "true"], { uid: 1 });
  assertEquals(code, 6, stderr);
  assertEquals(exists(`${ns.directory}/named/task-a`), false);
  own(ns, OWNER);
});
