import { FREEZERS, isFrozen } from "../cgroup/freezer.ts";
import { Failed, isScarcity } from "../cli/errors.ts";
import type { Namespace } from "./description.ts";
import { namespaceDirectory } from "./paths.ts";

/**
 * Returns a message that the whole namespace is frozen, which only root can do, and how to
 * thaw it; undefined if it is not frozen.
 */
export function whyFrozen({ namespace, hierarchies }: Namespace): string | undefined {
  for (const { hierarchy, file, thawed } of FREEZERS) {
    const found = hierarchies.find(({ name }) => name.split(",").includes(hierarchy));
    if (found && isFrozen(`${namespaceDirectory(namespace)}/${found.name}`, file)) {
      return `namespace ${namespace} is frozen: thaw it as root, by "echo ${thawed} >${found.cgroup}/${file}"`;
    }
  }
  return undefined;
}

/** @throws {Failed} if the whole namespace is frozen. */
export function assertThawed(namespace: Namespace): void {
  const why = whyFrozen(namespace);
  if (why !== undefined) throw new Failed(why);
}

/** How long a launch waits while the namespace is frozen, in milliseconds. */
const FROZEN_TIMEOUT = 5000;

/**
 * Returns a function to be called in a loop that waits for the kernel or the release agent.
 * It looks every 100 ms at most, and throws `Failed` once the namespace has been frozen for
 * longer than 5 seconds.
 */
export function thawWatch(namespace: Namespace): () => void {
  let since: number | undefined;
  // A launch has just looked.
  let last = performance.now();
  return () => {
    const now = performance.now();
    if (now - last < 100) return;
    last = now;
    let why: string | undefined;
    try {
      why = whyFrozen(namespace);
    } catch (error) {
      // It is looked again when something is free.
      if (isScarcity(error)) return;
      throw error;
    }
    if (why === undefined) since = undefined;
    else if (now - (since ??= now) > FROZEN_TIMEOUT) throw new Failed(why);
  };
}
