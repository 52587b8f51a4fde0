import { existsSync } from "@std/fs/exists";
import { LancoError, NotInitialised, RootLaunchesNothing } from "../cli/errors.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { logDirectory } from "../namespace/paths.ts";
import { type Ending, OwnerProcess } from "./owner_process.ts";
import type { Owner } from "./spawn_as_owner.ts";

/** How long the owner's process may print nothing before it is killed, in milliseconds. */
const SILENCE_TIMEOUT = 30_000;

/**
 * Runs a command of root's in another user's namespace with that user's rights: starts this
 * executable again as the owner, and passes on streams, signals and exit status. The owner
 * can stop, starve or kill a process with their user id; then this function throws.
 *
 * Only root may call it.
 *
 * @param args The whole command line.
 * @param patience How long the process may print nothing before it is killed, in milliseconds.
 * Infinity is for a command that waits on purpose: it inherits root's streams.
 * @returns the exit status; undefined if the namespace is root's own, or there is none.
 * @throws {LancoError} if the owner's process was killed.
 */
export async function asOwner(
  namespace: string,
  args: readonly string[],
  patience = SILENCE_TIMEOUT,
): Promise<number | undefined> {
  const owner = ownerOf(namespace);
  if (owner.uid === 0) return undefined;
  const output = patience === Infinity ? "inherited" : "copied";
  const process = await OwnerProcess.start(owner, args, output);
  return exitStatusOf(await process.end(patience));
}

/**
 * Returns the exit status of root's command after the owner's process has ended.
 *
 * @param then What root does now, for the message.
 * @throws {LancoError} if that process was killed.
 */
export function exitStatusOf({ code, what, signalled }: Ending, then = ""): number {
  if (code !== undefined) return code;
  throw new LancoError(what + then, signalled ?? 1, signalled === undefined ? "ERROR" : "WARN");
}

/**
 * Refuses root's request to launch a task in another user's namespace, because a process
 * inherits more from root than ids, such as the controlling terminal.
 *
 * @throws {RootLaunchesNothing} unless the namespace is root's own.
 * @throws {NotInitialised} if there is no such namespace.
 */
export function refuseToLaunch(namespace: string): void {
  const { uid, owner } = readNamespace(namespace);
  if (uid !== 0) throw new RootLaunchesNothing(namespace, owner);
}

/** Returns the owner of a namespace; of one that was removed, the owner of its logs. */
export function ownerOf(namespace: string): Owner {
  try {
    const record = readNamespace(namespace);
    return { uid: record.uid, owner: record.owner, namespace: record };
  } catch (error) {
    if (!(error instanceof NotInitialised)) throw error;
    const logs = logDirectory(namespace);
    const uid = existsSync(logs) ? Deno.statSync(logs).uid ?? 0 : 0;
    return { uid, owner: `user ${uid}` };
  }
}
