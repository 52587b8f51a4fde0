/** How the tests reach the shells of a task: its shim, its child, and what waits for its end. */
import { exec, identity, LANCO, OWNER, type Result, type TestNamespace } from "../harness.ts";
import { signalling } from "./fault.ts";

/**
 * Runs lanĉo as the owner where setsid(1), by which a shim and its child begin, is traced and
 * sent a signal at its n-th call of a kind, or of those that concern a path. The tracer is no parent of theirs, and what is traced already is left alone.
 */
export async function runWhereShells(
  hit: { signal: "KILL" | "STOP"; call: string; n: number; path?: string },
  ns: TestNamespace,
  ...args: string[]
): Promise<Result> {
  const { signal, call, n, path } = hit;
  const [setsid, real] = [`${ns.scratch}/setsid`, `${ns.scratch}/setsid.real`];
  const tracer = signalling(signal, call, n, "-D", "-f", ...(path ? ["-P", path] : [])).join(" ");
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
