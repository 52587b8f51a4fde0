/** What root does where systemd keeps a namespace, killed at each step. It needs a host with systemd. */

import { assert, assertEquals } from "@std/assert";
import { OWNER } from "../programs.ts";
import { downIfAny, must, Unit, withProcess } from "./unit_namespace.ts";

/** What kills a shell when it starts its nth process. */
function killedAt(step: number): string[] {
  const forks = "clone,clone3,fork,vfork";
  const inject = `inject=${forks}:signal=KILL:when=${step}`;
  return ["strace", "-qq", "-o", "/dev/null", "-e", `trace=${forks}`, "-e", inject];
}

Deno.test("an init that is killed at any step is made whole by the next", async () => {
  let steps = 0;
  for (;; steps++) {
    const unit = new Unit();
    const { code } = await unit.up(OWNER, killedAt(steps + 1));
    must(await unit.up());
    await withProcess(OWNER, async (pid) => must(await unit.attach("/shims", [pid])));
    await downIfAny(unit);
    assertEquals(await unit.traces(), []);
    if (code === 0) break;
  }
  assert(steps > 10, `${steps} steps`);
});

Deno.test("a release that is killed at any step is ended by the next, or undone by init", async () => {
  for (const undo of [false, true]) {
    for (let step = 1;; step++) {
      const unit = new Unit();
      must(await unit.up());
      const { code } = await unit.down(killedAt(step));
      if (code === 0) {
        assert(step > 10, `${step} steps`);
        break;
      }
      if (undo) {
        must(await unit.up());
        await withProcess(OWNER, async (pid) => must(await unit.attach("/shims", [pid])));
        assertEquals(await unit.show("RefuseManualStop"), "yes");
      }
      await downIfAny(unit);
      assertEquals(await unit.traces(), []);
    }
  }
});
