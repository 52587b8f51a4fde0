import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  LANCO,
  STRANGER,
  type TestNamespace,
  until,
} from "../harness.ts";

/** Returns the processes of the exit commands of a task, also those that wait for its end. */
function exitCommandProcesses(ns: TestNamespace, task: string): number[] {
  return [...Deno.readDirSync(`${ns.directory}/named`)]
    .filter(({ name }) => new RegExp(`^exit-\\d+-${task}$`).test(name))
    .flatMap(({ name }) => ns.pids(`named/${name}`));
}

/** Runs a task that ends at once, and waits until its exit command has begun. */
async function endWith(ns: TestNamespace, task: string, command: string): Promise<void> {
  const mark = `${ns.scratch}/begun-${crypto.randomUUID()}`;
  await ns.must("run", "-c", `: >${mark}; ${command}`, task, "sh", "-c", "exit 5");
  await until("the exit command has begun", () => exists(mark));
  await ns.gone(task);
}

cgroupTest("a running exit command is shown, and its task as ended", async (ns) => {
  await ns.must("run", "-c", "sleep 1000", "asleep", "sleep", "1000");
  assertEquals(JSON.parse(await ns.must("ls", "--json")).exitCommands, []);
  assert(!(await ns.must("ls")).includes("exit command"));
  await endWith(ns, "a", "sleep 1001; :");
  await until("it sleeps", () => exitCommandProcesses(ns, "a").length === 2);
  const pids = exitCommandProcesses(ns, "a");
  assertEquals((await ns.lanco("check", "a")).code, 3);
  assertEquals((await ns.lanco("wait", "a")).code, 5);
  const tree = await ns.must("ls");
  const lines = pids.map((pid, i) =>
    ` │  → ${String(pid).padStart(5)} ${i === 0 ? "(exit command)" : "sleep 1001 "}\n`
  );
  assertMatch(tree, /^ ├ asleep\n/m);
  assert(tree.includes(` ├ a\n │  exit command\n${lines.join("")} ├ asleep\n`), tree);
  assertMatch(
    await ns.must("ls", "-a", "a"),
    / ├ a\n │ {2}exited with status 5, .*\n │ {2}exit com/,
  );
  const [exit] = JSON.parse(await ns.must("ls", "--json", "a")).exitCommands;
  assertEquals([exit.task, exit.processes.map(({ pid }: { pid: number }) => pid)], ["a", pids]);
  assertEquals(JSON.parse(await ns.must("ls", "--json", "asl*")).exitCommands, []);
  assertEquals(JSON.parse(await ns.must("dump")).exitCommands, [exit]);
  const status = JSON.parse(await ns.must("status", "--json", "a"));
  assertEquals([status.state, status.exitCommands], ["exited", [exit]]);
  assertMatch(await ns.must("status", "a"), /^ {2}exit {8}an exit command runs: \d+ \d+$/m);
  assertMatch(await ns.must("metrics"), /^lanco_exit_commands{.*} 1$/m);
  const top = await ns.must("top", "--once");
  assertMatch(top, /^a +exit-cmd +2 .*\(exit command\)$/m);
  assertEquals(top.match(/exit-cmd/g)?.length, 1);
});

cgroupTest("stop ends an exit command with all its processes, and exits with 0", async (ns) => {
  await endWith(ns, "a", "setsid sleep 1000 & sleep 1001; :");
  await until("they sleep", () => exitCommandProcesses(ns, "a").length === 3);
  await ns.must("stop", "a");
  assertEquals(exitCommandProcesses(ns, "a"), []);
  assertEquals((await ns.lanco("stop", "a")).code, 3);
  assertEquals(JSON.parse(await ns.must("ls", "--json")).exitCommands, []);
  assertEquals(ns.traces().filter((path) => /exit-\d+-a|exits\/\d+-a/.test(path)), []);
  const deaf = "trap '' TERM; setsid sleep 1000 & while :; do sleep 0.05; done";
  for (const how of [["--now"], ["-t", "1"]]) {
    await endWith(ns, "a", deaf);
    await ns.must("stop", ...how, "a");
    assertEquals(exitCommandProcesses(ns, "a"), []);
  }
  // The record tells how the run ended; the stop of its exit command does not change that.
  const { state, code, stopped } = JSON.parse(await ns.must("status", "--json", "a"));
  assertEquals([state, code, stopped], ["exited", 5, null]);
});

cgroupTest(
  "while an exit command runs the name is free, and stop ends the new run first",
  async (ns) => {
    await endWith(ns, "a", "sleep 1000; :");
    await endWith(ns, "a", "sleep 1001; :");
    const mark = `${ns.scratch}/third`;
    await ns.must("run", "-c", `: >${mark}`, "a", "sleep", "1002");
    assertEquals((await ns.lanco("check", "a")).code, 0);
    const listed = JSON.parse(await ns.must("ls", "--json"));
    assertEquals([listed.tasks.a.count, listed.exitCommands.length], [1, 2]);
    await ns.must("stop", "a");
    assertEquals((await ns.lanco("check", "a")).code, 3);
    await until("the third exit command has run", () => exists(mark));
    await until("it is gone", () => exitCommandProcesses(ns, "a").length === 4);
    await ns.must("stop", "a");
    assertEquals(exitCommandProcesses(ns, "a"), []);
  },
);

cgroupTest("stop spares exit commands of running tasks, and of other users", async (ns) => {
  await ns.must("run", "-c", "sleep 1000", "a", "sleep", "1000");
  await endWith(ns, "b", "sleep 1000; :");
  const { code, stderr } = await ns.lancoWith({ uid: STRANGER }, "stop", "b");
  assertEquals(code, 6);
  assertMatch(stderr, /the exit command of task b belongs to /);
  assertEquals(exitCommandProcesses(ns, "a").length, 1);
  await until("it sleeps", () => exitCommandProcesses(ns, "b").length === 2);
  // The release agent is disabled: stop must end the exit command without it.
  await exec(["sh", "-c", `echo >${ns.directory}/named/release_agent`], { uid: 0 });
  await ns.must("stop", "b");
  assertEquals([exitCommandProcesses(ns, "b"), exitCommandProcesses(ns, "a").length], [[], 1]);
  assertEquals((await ns.lancoWith({ uid: 0 }, "stop", "b")).code, 3);
});

cgroupTest("stop by root ends an exit command of the owner's", async (ns) => {
  await endWith(ns, "a", "sleep 1000; :");
  assertEquals((await exec([LANCO, ns.name, "stop", "a"], { uid: 0 })).code, 0);
  assertEquals(exitCommandProcesses(ns, "a"), []);
});
