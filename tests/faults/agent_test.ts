import { assert, assertEquals } from "@std/assert";
import { cgroupTest, LEGACY } from "../harness.ts";
import { killing, Scene, steps } from "./fault.ts";

if (!LEGACY) {
  cgroupTest(
    "a release agent that is killed at any call leaves nothing that is wrong",
    async (ns) => {
      const scene = await Scene.open(ns);
      const text = Deno.readTextFileSync(ns.agent);
      Deno.writeTextFileSync(`${ns.agent}.real`, text, { mode: 0o755 });
      const replace = (script: string) => {
        Deno.writeTextFileSync(`${ns.agent}.new`, script, { mode: 0o755 });
        Deno.renameSync(`${ns.agent}.new`, ns.agent);
      };
      // It is called to let a task in, and at its end.
      for (const moment of ["start", "end"]) {
        for (
          const [call, calls] of [["clone", 4], ["write", 4], ["execve", 2], ["openat", 8]] as const
        ) {
          for (const n of steps(calls, 4)) {
            const what = `${moment}, ${call} ${n}`;
            const words = ["/usr/bin/strace", ...killing(call, n).slice(1)].join(" ");
            const deadly = `#!/bin/sh\nexec ${words} ${ns.agent}.real "$@"\n`;
            if (moment === "end") {
              assertEquals(await scene.ask("run", "a", "sleep", "1000"), 0, what);
            }
            replace(deadly);
            if (moment === "start") {
              const code = await scene.ask("run", "a", "sleep", "1000");
              assert([0, 1].includes(code), what);
            } else assertEquals(await scene.ask("stop", "--now", "a"), 0, what);
            replace(text);
            await scene.isSound("a", what);
          }
        }
      }
      Deno.removeSync(`${ns.agent}.real`);
      await scene.close();
    },
  );
}
