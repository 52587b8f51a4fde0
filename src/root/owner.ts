import prologue from "../launch/shim/prologue.sh" with { type: "text" };
import script from "./owner.sh" with { type: "text" };
import { existsSync } from "@std/fs/exists";
import { readVariables } from "../namespace/caller.ts";
import type { Purpose } from "../cli/context.ts";
import { Failed, NotInitialised, NotPermitted, reason } from "../cli/errors.ts";
import { forwardSignals } from "../launch/foreground.ts";
import { namespaceDirectory, readNamespace } from "../namespace/namespace.ts";
import { logDirectory } from "../namespace/paths.ts";

/** What root's environment hands on to the owner: how to speak to who asks. */
const HANDED_ON = /^(TERM|LANG|LC_[A-Z]+|TZ|NO_COLOR)$/;

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Does what root asks for in another user's namespace with that user's rights: starts
 * this program again as the owner, and hands on streams, signals and exit status.
 *
 * The caller is root.
 *
 * @param args The whole command line.
 * @returns the exit status; nothing if the namespace is root's own, or there is none.
 */
export async function asOwner(
  namespace: string,
  args: readonly string[],
  purpose: Purpose,
): Promise<number | undefined> {
  const owner = ownerOf(namespace);
  if (owner === undefined || owner.uid === 0) return undefined;
  const program = Deno.execPath();
  assertExecutable(program, owner);
  const rights = purpose === "kill" && killsTrees(namespace) ? "look" : purpose;
  const child = start([
    "-c",
    prologue,
    "lanco",
    script,
    String(owner.uid),
    rights,
    program,
    ...args,
  ]);
  return await forwardSignals()(child.pid, child.status);
}

/** Whose the namespace is; when it is gone, its logs are still somebody's. */
function ownerOf(namespace: string): { uid: number; owner: string } | undefined {
  try {
    return readNamespace(namespace);
  } catch (error) {
    if (!(error instanceof NotInitialised)) throw error;
    const logs = logDirectory(namespace);
    const uid = existsSync(logs) ? Deno.statSync(logs).uid ?? 0 : 0;
    return { uid, owner: `user ${uid}` };
  }
}

function start(args: string[]): Deno.ChildProcess {
  try {
    return new Deno.Command("/bin/sh", {
      args,
      clearEnv: true,
      env: { ...handedOn(), PATH },
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
  } catch (error) {
    throw new Failed(`cannot start /bin/sh: ${reason(error)}`);
  }
}

function handedOn(): Record<string, string> {
  return Object.fromEntries([...readVariables()].filter(([name]) => HANDED_ON.test(name)));
}

/** Whether the host can kill all that is in a cgroup, whoever it belongs to (Linux 5.14). */
function killsTrees(namespace: string): boolean {
  return existsSync(`${namespaceDirectory(namespace)}/unified/shims/cgroup.kill`);
}

function assertExecutable(program: string, { uid, owner }: { uid: number; owner: string }): void {
  const as = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const { success } = new Deno.Command("/usr/bin/setpriv", {
    args: [...as, "/usr/bin/test", "-x", program],
    cwd: "/",
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).outputSync();
  if (success) return;
  throw new NotPermitted(
    `${owner} may not execute ${program}: put it where he may, such as /usr/local/bin`,
  );
}
