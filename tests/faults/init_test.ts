import { assert, assertEquals } from "@std/assert";
import { cgroupTest, exec, LANCO, OWNER } from "../harness.ts";
import { CALLS, killing, steps } from "./fault.ts";

cgroupTest("init that is killed at any call is finished by the next", async (ns) => {
  const init = [LANCO, ns.name, "init", "-u", String(OWNER), "-g", String(OWNER)];
  for (const call of CALLS) {
    for (const n of steps(60, 30)) {
      assertEquals((await exec([LANCO, ns.name, "release"], { uid: 0 })).code, 0);
      const killed = await exec([...killing(call, n, "-f"), ...init], { uid: 0 });
      // Nobody is told that a task does not run by what is half made.
      assert([1, 3, 5].includes((await ns.lanco("check", "a")).code), `${call} ${n}`);
      await ns.init();
      await ns.must("run", "a", "sleep", "1000");
      await ns.must("stop", "--now", "a");
      if (killed.code === 0) break;
    }
  }
});
