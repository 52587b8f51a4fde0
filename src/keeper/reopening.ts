import { isGone, removeCgroup, unlessGone } from "../cgroup/cgroup.ts";
import { Failed, LancoError, NotPermitted } from "../cli/errors.ts";
import { delay } from "../cli/sleep.ts";
import { effectiveUser } from "../namespace/caller.ts";
import type { Namespace } from "../namespace/description.ts";
import { lastInit } from "../namespace/namespace.ts";
import { namedRoot } from "../namespace/paths.ts";

/** How long a launch waits for a closed namespace to be open again, in milliseconds. */
const REOPENING_TIMEOUT = 5000;

/**
 * Returns whether the namespace is closed: `release` and `init` change the owner of the named
 * hierarchy to root for a moment, so that no task is started while they check that none runs.
 */
export function isClosed({ namespace, uid }: Namespace): boolean {
  const owner = unlessGone(() => Deno.statSync(namedRoot(namespace)).uid, null);
  return owner !== uid || lastInit(namespace) === null;
}

/**
 * Calls `act`, which changes the named hierarchy; again, as long as it fails because the namespace
 * is closed.
 *
 * @returns the result of `act`.
 * @throws {Failed} if the namespace was released, or is closed for more than five seconds.
 */
export async function whenOpen<T>(namespace: Namespace, act: () => T): Promise<T> {
  for (const deadline = performance.now() + REOPENING_TIMEOUT;;) {
    try {
      return act();
    } catch (error) {
      const isHopeless = performance.now() > deadline || lastInit(namespace.namespace) === null;
      if (!(error instanceof Deno.errors.PermissionDenied) || isHopeless) {
        throw explainClosed(namespace, error);
      }
      // The namespace may have been opened since `act` was called.
      if (!isClosed(namespace)) return act();
    }
    await delay(5);
  }
}

/** Removes a cgroup of the named hierarchy if it is empty. Waits up to five seconds if the namespace is closed. */
export async function removeWhenOpen(namespace: Namespace, cgroup: string): Promise<void> {
  await untilOpen(namespace, () => Promise.resolve(removeCgroup(cgroup)));
}

/** Calls `act` until it returns true, as long as the namespace is closed; for five seconds at most. */
export async function untilOpen(
  namespace: Namespace,
  act: () => Promise<boolean>,
): Promise<void> {
  for (const deadline = performance.now() + REOPENING_TIMEOUT; performance.now() < deadline;) {
    const closed = isClosed(namespace);
    if (await act() || !closed) return;
    await delay(5);
  }
}

/** Returns the error that tells the user that the namespace is closed or released, if that was the cause of an error; else this error. */
export function explainClosed(namespace: Namespace, error: unknown): unknown {
  if (error instanceof LancoError) return error;
  const { uid } = namespace;
  // The owner is denied nothing unless the namespace was closed; it may be open again by now.
  const denied = error instanceof Deno.errors.PermissionDenied && effectiveUser() === uid;
  const taken = error instanceof Deno.errors.PermissionDenied || isGone(error);
  if (!denied && !(taken && isClosed(namespace))) return error;
  return closed(namespace);
}

/**
 * Checks that a namespace has been open since `init`: its release ends the launches under way, which
 * are no tasks yet.
 *
 * @param init What `lastInit` has returned then.
 * @throws {Failed} if it is closed, was released, or was initialised again.
 */
export function assertOpen(namespace: Namespace, init: number | null): void {
  if (isClosed(namespace) || lastInit(namespace.namespace) !== init) throw closed(namespace);
}

/** Returns the error that tells the user that the namespace is closed or released. */
export function closed({ namespace }: Namespace): Failed {
  return new Failed(
    `namespace ${namespace} is being released, or initialised again: try again, and if that lasts run "sudo lanco ${namespace} init"`,
  );
}

/** Returns the error for a caller who does not own the namespace. */
export function foreign({ namespace, owner }: Namespace): NotPermitted {
  return new NotPermitted(
    `namespace ${namespace} belongs to ${owner}: run it as that user, e.g. with "sudo -u ${owner}"`,
  );
}

/** Returns the error for a namespace in which no more cgroups may be made (cgroup.max.descendants). */
export function tooManyCgroups(namespace: string): Failed {
  return new Failed(
    `namespace ${namespace} has as many cgroups as it may have: stop tasks, or remove the cgroups that they have made`,
  );
}
