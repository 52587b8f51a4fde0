import { assert } from "@std/assert";
import { cgroupTest, exec, exists, LANCO } from "../harness.ts";
import { CALLS, killing, steps } from "./fault.ts";

cgroupTest("release that is killed at any call is finished by the next", async (ns) => {
  for (const call of CALLS) {
    for (const n of steps(60, 5)) {
      const release = [LANCO, ns.name, "release"];
      const killed = await exec([...killing(call, n, "-f"), ...release], { uid: 0 });
      const { code, stderr } = await exec(release, { uid: 0 });
      assert([0, 5].includes(code), `${call} ${n}: ${code} ${stderr}`);
      assert(!exists(ns.directory), `${call} ${n}`);
      await ns.init();
      if (killed.code === 0) break;
    }
  }
});
