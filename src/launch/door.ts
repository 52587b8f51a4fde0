import { existsSync } from "@std/fs/exists";
import { makeCgroup, removeCgroup } from "../cgroup/cgroup.ts";
import { Failed } from "../cli/errors.ts";
import { namedRoot, type Namespace } from "../namespace/namespace.ts";

/** How long the release agent may take to answer, in milliseconds. */
const PATIENCE = 5000;

/** Those that are to be let in next, and when that is done. */
interface Group {
  /** Names of cgroups of the named hierarchy. */
  entries: string[];
  /** Settled when they have been let in. */
  letIn: Promise<void>;
}

/** What has been asked last, if that is not done, and who will be asked for after that. */
interface Door {
  last: Promise<void> | undefined;
  next: Group | undefined;
}

/** Those of the namespaces. */
const doors = new Map<string, Door>();

/**
 * Asks the release agent to let registered processes into the unified hierarchy, at once
 * or, if one is at work, when that is done: then one does it for all who have asked.
 *
 * @param entries The names of their cgroups in the named hierarchy.
 * @throws {Failed} if it does not answer.
 */
export function letIn(namespace: Namespace, entries: readonly string[]): Promise<void> {
  const name = namespace.namespace;
  const door: Door = doors.get(name) ?? { last: undefined, next: undefined };
  doors.set(name, door);
  if (door.last === undefined) return open(door, name, entries);
  if (door.next !== undefined) {
    door.next.entries.push(...entries);
    return door.next.letIn;
  }
  const group = { entries: [...entries] };
  const opened = door.last.catch(() => {}).then(() => {
    door.next = undefined;
    return open(door, name, group.entries);
  });
  door.next = { entries: group.entries, letIn: opened };
  return opened;
}

function open(door: Door, namespace: string, entries: readonly string[]): Promise<void> {
  const opened = ring(namespace, entries);
  door.last = opened;
  const done = () => {
    if (door.last === opened && door.next === undefined) door.last = undefined;
  };
  opened.then(done, done);
  return opened;
}

/**
 * Has the kernel call the release agent, which it does with a cgroup that is "released";
 * that it is when its last child is removed (cgroup-v1/cgroups.rst, notify_on_release).
 */
async function ring(namespace: string, entries: readonly string[]): Promise<void> {
  const named = namedRoot(namespace);
  const id = crypto.randomUUID();
  const [list, bell] = [`${named}/enter-${id}`, `${named}/bell-${id}`];
  try {
    for (const path of [list, ...entries.map((entry) => `${list}/${entry}`), bell, `${bell}/x`]) {
      makeCgroup(path);
    }
    Deno.removeSync(`${bell}/x`);
    for (const deadline = performance.now() + PATIENCE; existsSync(list);) {
      if (performance.now() > deadline) {
        throw new Failed(
          `the release agent does not answer: run "sudo lanco ${namespace} init" again`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  } catch (error) {
    for (const cgroup of [list, bell]) removeCgroup(cgroup);
    throw error;
  }
}
