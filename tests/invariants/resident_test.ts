import { assert, assertEquals } from "@std/assert";
import { cgroupTest, KEEPER, LEGACY } from "../harness.ts";

/** The memory of a process, what is shared counted in proportion, in kilobytes. */
function pss(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`))?.[1]);
}

cgroupTest(
  "invariant 8: a background task costs one small shell, and no JavaScript",
  async (ns) => {
    const names = Array.from({ length: 10 }, (_, i) => `t${i}`);
    await Promise.all(names.map((name) => ns.must("run", name, "sleep", "1000")));
    for (const name of names) {
      const shim = ns.shim(name);
      const [task = 0] = ns.task(name);
      assertEquals(ns.members(name).sort(), [shim, task].sort());
      assert(/\/(dash|bash|busybox|sh)$/.test(Deno.readLinkSync(`/proc/${shim}/exe`)));
      assert(/\/sleep$/.test(Deno.readLinkSync(`/proc/${task}/exe`)));
      assert(pss(shim) < 400, `the shim has ${pss(shim)} kB`);
    }
    if (!LEGACY && KEEPER === "named") assertEquals(ns.pids("unified/shims").length, 10);
  },
);
