import { isFrozen } from "../cgroup/freezer.ts";
import { Failed } from "../cli/errors.ts";
import { type Namespace, namespaceDirectory } from "./namespace.ts";

/** What freezes all of a hierarchy's cgroup, and what is written into it to thaw that. */
const THAW = [["unified", "cgroup.freeze", "0"], ["freezer", "freezer.state", "THAWED"]] as const;

/** Who has frozen the namespace as a whole, which only root can, and how to thaw it; nothing if nobody has. */
export function whyFrozen({ namespace, hierarchies }: Namespace): string | undefined {
  for (const [controller, file, thawed] of THAW) {
    const hierarchy = hierarchies.find(({ name }) => name.split(",").includes(controller));
    if (hierarchy === undefined) continue;
    if (isFrozen(`${namespaceDirectory(namespace)}/${hierarchy.name}`)) {
      return `namespace ${namespace} is frozen: thaw it as root, by "echo ${thawed} >${hierarchy.cgroup}/${file}"`;
    }
  }
  return undefined;
}

/** @throws {Failed} if the namespace is frozen as a whole. */
export function assertThawed(namespace: Namespace): void {
  const why = whyFrozen(namespace);
  if (why !== undefined) throw new Failed(why);
}

/** How long a launch waits for a namespace that is frozen meanwhile, in milliseconds. */
const PATIENCE = 5000;

/** Returns what may be called time and again, and throws once the namespace has been frozen for some time. */
export function thawWatch(namespace: Namespace, patience = PATIENCE): () => void {
  let since: number | undefined;
  let last = 0;
  return () => {
    const now = performance.now();
    if (now - last < 100) return;
    last = now;
    const why = whyFrozen(namespace);
    if (why === undefined) since = undefined;
    else if (now - (since ??= now) > patience) throw new Failed(why);
  };
}
