import { assert, assertEquals } from "@std/assert";
import { cgroupTest, lives, type TestNamespace, until } from "../harness.ts";
import { isYetToExecute } from "../../src/task/command_start.ts";
import { Scene, steps } from "./fault.ts";
import { runWhereShells } from "./shells.ts";

/** Whether a signal has stopped the process, or its tracer for a moment. */
function isStopped(pid: number): boolean {
  try {
    return /^State:\s+T /im.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

/**
 * Those that a signal has stopped and that are to become task a, in whatever cgroup, are in it, or
 * remove its cgroup at its end, for which they have left it.
 */
function stopped(ns: TestNamespace): number[] {
  const members = new Set([...ns.members("a"), ...ns.pids("unified/shims")]);
  const pids = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name));
  return pids.filter((pid) => {
    try {
      return pid > 0 && isStopped(pid) &&
        (members.has(pid) || Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes(ns.name));
    } catch {
      return false;
    }
  });
}

/** Whether the first process of task a has not executed the command yet. */
function isBefore(ns: TestNamespace): boolean {
  return ns.members("a").some((pid) => {
    try {
      return isYetToExecute(Deno.readTextFileSync(`/proc/${pid}/cmdline`));
    } catch {
      return false;
    }
  });
}

function goOn(pid: number): void {
  try {
    Deno.kill(pid, "SIGCONT");
  } catch { /* it has ended */ }
}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

cgroupTest("a shim or child that is stopped at any call goes on where it was", async (ns) => {
  const scene = await Scene.open(ns);
  let stops = 0;
  for (const call of ["clone", "write", "openat", "read", "execve", "dup2"]) {
    for (const n of steps(12, 3)) {
      let over = false;
      const running = runWhereShells({ effect: "STOP", call, n }, ns, "a", "sleep", "1000")
        .finally(() => over = true);
      await until(
        `it is stopped, or has begun: ${call} ${n}`,
        () => over || stopped(ns).length > 0,
      );
      await delay(50);
      if (!over && stopped(ns).length > 0) stops++;
      // Of a launch that is held up it cannot be known whether the command will run.
      const said = await scene.ask("check", "a");
      assert([0, 1, 3].includes(said), `${call} ${n}`);
      // The tracer counts among the four processes that a launch has at most.
      const isWrong = () => isBefore(ns) && ns.members("a").length <= 4;
      if (said === 0 && isWrong()) {
        // A fork may have been the fifth, and have ended since.
        const again = await scene.ask("check", "a");
        assert(again !== 0 || !isWrong(), `${call} ${n}: not executed`);
      }
      assertEquals(await scene.ask("ls", "-a"), 0);
      assertEquals(await scene.ask("check", "other"), 0);
      // The next may be stopped in its turn, and a shim at its end, where it may hold a lock.
      const going = setInterval(() => stopped(ns).forEach(goOn), 20);
      try {
        const { code, stderr } = await running;
        assertEquals([code, stderr], [0, ""], `${call} ${n}`);
        await scene.isSound("a", `${call} ${n}`);
      } finally {
        clearInterval(going);
      }
    }
  }
  assert(stops > 5, `${stops} stops`);
  await scene.close();
});

cgroupTest("a task whose shim is stopped can be stopped, and its name used again", async (ns) => {
  for (const how of [["--now"], ["-t", "1"]]) {
    await ns.must("run", "a", "sleep", "1000");
    const shim = ns.shim("a");
    Deno.kill(shim, "SIGSTOP");
    await ns.must("check", "a");
    await ns.must("ls", "-l");
    const waiting = ns.lanco("wait", "a");
    await ns.must("stop", ...how, "a");
    assertEquals((await ns.lanco("check", "a")).code, 3);
    // It had two seconds to tell how the task has ended.
    assert(!lives(shim));
    assertEquals((await waiting).code, 125);
    assertEquals(JSON.parse(await ns.must("status", "a", "--json")).state, "unknown");
  }
  await ns.must("run", "a", "sleep", "1000");
  const shim = ns.shim("a");
  Deno.kill(shim, "SIGSTOP");
  const stopping = ns.lanco("stop", "a");
  await until("the task has ended", () => ns.task("a").length === 0);
  Deno.kill(shim, "SIGCONT");
  assertEquals((await stopping).code, 0);
  const { state, signal } = JSON.parse(await ns.must("status", "a", "--json"));
  assertEquals([state, signal], ["killed", "SIGTERM"]);
});
