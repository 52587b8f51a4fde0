import prologue from "../launch/shim/prologue.sh" with { type: "text" };
import script from "./owner.sh" with { type: "text" };
import { Failed, reason } from "../cli/errors.ts";
import { readVariables } from "../namespace/caller.ts";
import type { Namespace } from "../namespace/description.ts";
import { shellArguments } from "../task/launch_shells.ts";
import { executable } from "./executable.ts";
import { assertExecutable, type Ids, idsOf } from "./owner_ids.ts";

/** The variables of root's environment that the process gets: terminal, language and time zone. */
const KEPT_VARIABLES = /^(TERM|LANG|LC_[A-Z]+|TZ|NO_COLOR)$/;

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The owner of a namespace. */
export interface Owner {
  /** The owner's numeric user id. */
  uid: number;
  /** The owner's name, or the numeric id if it has no name. */
  owner: string;
  /** The namespace, if it still exists. */
  namespace?: Namespace;
}

/** The standard streams of a process. */
export type Streams = Pick<Deno.CommandOptions, "stdin" | "stdout" | "stderr">;

/** The streams of a process whose exit status alone counts. */
const SILENT: Streams = { stdin: "null", stdout: "null", stderr: "null" };

/**
 * Starts this executable again with the rights of a namespace's owner; after an upgrade, the new one.
 *
 * @param args The arguments for this executable.
 * @throws {NotPermitted} if the owner may not execute this executable.
 * @throws {Failed} if no process of the owner's can be started.
 */
export async function spawnAsOwner(
  { uid, owner }: Owner,
  args: readonly string[],
  streams: Streams,
): Promise<Deno.ChildProcess> {
  const program = executable();
  const ids = idsOf(uid);
  const check = startShell(ids, ["/usr/bin/test", "!", "-x", program], SILENT);
  await assertExecutable(program, check, owner);
  return startShell(ids, [program, ...args], streams);
}

/** Starts the shell that gives itself the owner's rights, and executes a program. */
function startShell(ids: Ids, program: readonly string[], streams: Streams): Deno.ChildProcess {
  const words = [script, String(ids.uid), String(ids.gid), ids.groups, ...program];
  try {
    return new Deno.Command("/bin/sh", {
      args: shellArguments("lanco-owner", prologue, ...words),
      cwd: "/",
      clearEnv: true,
      env: { ...keptVariables(), PATH },
      ...streams,
    }).spawn();
  } catch (error) {
    throw new Failed(`cannot start /bin/sh: ${reason(error)}`);
  }
}

function keptVariables(): Record<string, string> {
  return Object.fromEntries([...readVariables()].filter(([name]) => KEPT_VARIABLES.test(name)));
}
