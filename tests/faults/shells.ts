/** How the tests reach the shells of a task: its shim, its child, and what waits for its end. */
import { exec, identity, LANCO, OWNER, type Result, type TestNamespace } from "../harness.ts";
import { signalling } from "./fault.ts";

/**
 * Closes the descriptors that the test runner has inherited: they would count against a limit, and
 * a shim would be started by way of bash.
 */
export const FEW_DESCRIPTORS = [
  "bash",
  "-c",
  'for fd in /proc/self/fd/*; do fd=${fd##*/}; ((fd < 3)) || eval "exec $fd>&-"; done; exec "$@"',
  "bash",
];

/** What happens to a shim or its child at its n-th call of a kind, or of those that concern a path. */
export interface Hit {
  /** The signal that it gets, or how many milliseconds the call is delayed. */
  effect: "KILL" | "STOP" | number;
  call: string;
  n: number;
  path?: string;
  /** Variables of the caller's. */
  env?: Record<string, string>;
}

/**
 * Runs lanĉo as the owner where setsid(1), by which a shim and its child begin, is traced. The
 * tracer is no parent of theirs, and what is traced already is left alone.
 */
export async function runWhereShells(
  { effect, call, n, path, env }: Hit,
  ns: TestNamespace,
  ...args: string[]
): Promise<Result> {
  const [setsid, real] = [`${ns.scratch}/setsid`, `${ns.scratch}/setsid.real`];
  const options = ["-D", "-f", ...(path ? ["-P", path] : [])];
  const tracer = typeof effect === "number"
    ? ["strace", ...options, "-qq", "-o", "/dev/null", "-e", `trace=${call}`, "-e"]
      .concat(`inject=${call}:delay_enter=${effect * 1000}:when=${n}`)
    : signalling(effect, call, n, ...options);
  const script = `#!/bin/sh
while read -r key value; do [ "$key" != TracerPid: ] || [ "$value" = 0 ] || exec ${real} "$@"; done </proc/self/status
exec ${tracer.join(" ")} ${real} "$@"
`;
  Deno.copyFileSync("/usr/bin/setsid", real);
  Deno.writeTextFileSync(setsid, script, { mode: 0o755 });
  const words = ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c"];
  // On a private mount, for else the host's would be bound over, too.
  const line = `mount --make-private "$(findmnt -no TARGET -T /usr/bin)" &&
    mount --bind ${setsid} /usr/bin/setsid && exec setpriv "$@"`;
  const lanco = [...identity(OWNER), LANCO, ns.name, "run", ...args];
  // In another locale setsid(1) opens thirty files before it executes the shell.
  const asRoot = { uid: 0, env: { LC_ALL: "C", ...env } };
  return await exec([...FEW_DESCRIPTORS, ...words, line, "sh", ...lanco], asRoot);
}
