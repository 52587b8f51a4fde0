import { assertEquals } from "@std/assert";
import { cgroupTest, exec, identity, LANCO, OWNER, type TestNamespace } from "../harness.ts";
import { killing, Scene } from "./fault.ts";

/**
 * Runs lanĉo as the owner where setsid(1), by which a shim and its child begin, is traced and
 * killed. The tracer is no parent of theirs, and what is traced already is left alone.
 */
async function runWhereShellsDie(ns: TestNamespace, call: string, n: number, ...args: string[]) {
  const [setsid, real] = [`${ns.scratch}/setsid`, `${ns.scratch}/setsid.real`];
  const tracer = killing(call, n, "-D", "-f").join(" ");
  const script = `#!/bin/sh
while read -r key value; do [ "$key" != TracerPid: ] || [ "$value" = 0 ] || exec ${real} "$@"; done </proc/self/status
exec ${tracer} ${real} "$@"
`;
  Deno.copyFileSync("/usr/bin/setsid", real);
  Deno.writeTextFileSync(setsid, script, { mode: 0o755 });
  const words = ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c"];
  // On a private mount, for else the host's would be bound over, too.
  const line = `mount --make-private "$(findmnt -no TARGET -T /usr/bin)" &&
    mount --bind ${setsid} /usr/bin/setsid && exec setpriv "$@"`;
  const lanco = [...identity(OWNER), LANCO, ns.name, "run", ...args];
  return await exec([...words, line, "sh", ...lanco], { uid: 0 });
}

/** What a shim, its child and what waits for the end do that changes something, or takes long. */
const CALLS = ["clone", "write", "openat", "read", "execve", "dup2", "unlinkat"];

for (const more of [[], ["-c", ":"]]) {
  cgroupTest(
    `shells of run ${more[0] ?? ""} that are killed at any call leave nothing that is wrong`,
    async (ns) => {
      const scene = await Scene.open(ns);
      let refused = 0;
      for (const call of CALLS) {
        for (let n = 1; n <= 12; n++) {
          const args = [...more, "a", "sleep", "1000"];
          const { code, stderr } = await runWhereShellsDie(ns, call, n, ...args);
          const what = `${call} ${n}: ${code} ${stderr}`;
          // It is said in one line that it was not run, or it runs.
          if (code !== 0) refused++;
          assertEquals(stderr.split("\n").length, code === 0 ? 1 : 2, what);
          await scene.isSound("a", what);
        }
      }
      assertEquals(refused > 5, true, `${refused} refused`);
      await scene.close();
    },
  );
}
