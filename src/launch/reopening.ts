import { isGone, removeCgroup, unlessGone } from "../cgroup/cgroup.ts";
import { Failed, LancoError } from "../cli/errors.ts";
import { effectiveUser } from "../namespace/caller.ts";
import type { Namespace } from "../namespace/description.ts";
import { lastInit } from "../namespace/namespace.ts";
import { namedRoot } from "../namespace/paths.ts";

/** How long a launch waits for a namespace to be open again, in milliseconds. */
const REOPENING_TIMEOUT = 5000;

/**
 * Whether root has taken the namespace from its owner: `release` does that when it has
 * found nobody there, until it is sure of it, and `init` for a trial.
 */
function isClosed({ namespace, uid }: Namespace): boolean {
  const now = unlessGone(() => Deno.statSync(namedRoot(namespace)).uid, null);
  return now !== uid || lastInit(namespace) === null;
}

/**
 * Does something in the named hierarchy; again, if the namespace was closed.
 *
 * @throws {Failed} if it is released, or closed for long.
 */
export async function whenOpen<T>(namespace: Namespace, act: () => T): Promise<T> {
  for (const deadline = performance.now() + REOPENING_TIMEOUT;;) {
    try {
      return act();
    } catch (error) {
      const given = performance.now() > deadline || lastInit(namespace.namespace) === null;
      if (!(error instanceof Deno.errors.PermissionDenied) || given) {
        throw explainClosed(namespace, error);
      }
      // Between the act and this look it may have been opened.
      if (!isClosed(namespace)) return act();
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Removes a cgroup of the named hierarchy as far as it is empty, also if the namespace is closed. */
export async function removeWhenOpen(namespace: Namespace, cgroup: string): Promise<void> {
  for (const deadline = performance.now() + REOPENING_TIMEOUT; performance.now() < deadline;) {
    const closed = isClosed(namespace);
    if (removeCgroup(cgroup) || !closed) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What an error is if the namespace has been closed, or released, meanwhile. */
export function explainClosed(namespace: Namespace, error: unknown): unknown {
  if (error instanceof LancoError) return error;
  const { namespace: name, uid } = namespace;
  // Its owner is denied nothing in it unless it was closed, which may be over by now.
  const denied = error instanceof Deno.errors.PermissionDenied && effectiveUser() === uid;
  const taken = error instanceof Deno.errors.PermissionDenied || isGone(error);
  if (!denied && !(taken && isClosed(namespace))) return error;
  return new Failed(
    `namespace ${name} is being released, or initialised again: try again, and if that lasts run "sudo lanco ${name} init"`,
  );
}
