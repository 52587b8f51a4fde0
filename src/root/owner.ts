import { existsSync } from "@std/fs/exists";
import { LancoError, NotInitialised, RootLaunchesNothing } from "../cli/errors.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { logDirectory } from "../namespace/paths.ts";
import { Acting, type Owner } from "./acting.ts";

/** How long what acts as an owner may say nothing before it is taken for lost, in milliseconds. */
const PATIENCE = 30_000;

/**
 * Does what root asks for in another user's namespace with that user's rights: starts
 * this program again as the owner, and hands on streams, signals and exit status. The
 * owner can hold, starve or kill what has his number: then this says so, and ends.
 *
 * The caller is root.
 *
 * @param args The whole command line.
 * @param patience How long it may say nothing before it is taken for lost, in milliseconds. If
 * that is Infinity it waits on purpose, and has root's own streams.
 * @returns the exit status; nothing if the namespace is root's own, or there is none.
 * @throws {LancoError} if what acts for root does not come to its end.
 */
export async function asOwner(
  namespace: string,
  args: readonly string[],
  patience = PATIENCE,
): Promise<number | undefined> {
  const owner = ownerOf(namespace);
  if (owner.uid === 0) return undefined;
  const acting = Acting.start(owner, args, patience === Infinity ? "inherited" : "copied");
  const ending = await acting.end(patience);
  if (ending.code !== undefined) return ending.code;
  const level = ending.signalled === undefined ? "ERROR" : "WARN";
  throw new LancoError(ending.what, ending.signalled ?? 1, level);
}

/**
 * Refuses to launch anything in another user's namespace: what a process inherits from
 * root is more than his ids.
 *
 * @throws {NotPermitted} unless the namespace is root's own.
 * @throws {NotInitialised} if there is none.
 */
export function refuseToLaunch(namespace: string): void {
  const { uid, owner } = readNamespace(namespace);
  if (uid !== 0) throw new RootLaunchesNothing(namespace, owner);
}

/** Whose the namespace is; when it is gone, its logs are still somebody's. */
function ownerOf(namespace: string): Owner {
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
