import { existsSync } from "@std/fs/exists";
import { makeCgroup, unlessGone } from "../cgroup/cgroup.ts";
import { Failed } from "../cli/errors.ts";
import { removeWhenOpen, whenOpen } from "./closed.ts";
import { namedRoot, type Namespace } from "../namespace/namespace.ts";

/** How long the release agent may take to answer, in milliseconds. */
const PATIENCE = 5000;

/** After how many milliseconds without an answer it is asked again: it may have been killed. */
const AGAIN = 1000;

/** What is to be let in: a run of a task. */
export interface Entrant {
  /** The task's name. */
  task: string;
  /** The inode of its registered cgroup. */
  inode: number;
  /** Whether an exit command comes with it. */
  exit: boolean;
}

/** Those that are to be let in next, and when that is done. */
interface Group {
  entrants: Entrant[];
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
 * @throws {Failed} if it does not answer.
 */
export function letIn(namespace: Namespace, entrant: Entrant): Promise<void> {
  const name = namespace.namespace;
  const door: Door = doors.get(name) ?? { last: undefined, next: undefined };
  doors.set(name, door);
  if (door.last === undefined) return open(door, namespace, [entrant]);
  if (door.next !== undefined) {
    door.next.entrants.push(entrant);
    return door.next.letIn;
  }
  const group = { entrants: [entrant] };
  const opened = door.last.catch(() => {}).then(() => {
    door.next = undefined;
    return open(door, namespace, group.entrants);
  });
  door.next = { entrants: group.entrants, letIn: opened };
  return opened;
}

function open(door: Door, namespace: Namespace, entrants: readonly Entrant[]): Promise<void> {
  const opened = ring(namespace, entrants);
  door.last = opened;
  const done = () => {
    if (door.last === opened && door.next === undefined) door.last = undefined;
  };
  opened.then(done, done);
  return opened;
}

/** What tells a list from all others; from that of one entrant alone the agent knows what is in it. */
function listName(entrants: readonly Entrant[]): string {
  const id = crypto.randomUUID();
  const [first] = entrants;
  if (first === undefined || entrants.length > 1) return id;
  return `for-${id.slice(0, 8)}-${first.inode}-${first.task}`;
}

/** Makes a list of what is to be let in, and has the release agent called until it has done so. */
async function ring(namespace: Namespace, entrants: readonly Entrant[]): Promise<void> {
  const named = namedRoot(namespace.namespace);
  const name = listName(entrants);
  const [list, bell] = [`${named}/enter-${name}`, `${named}/bell-${name}`];
  try {
    const paths = entrants.flatMap(({ task, inode, exit }) => [
      `${list}/task-${task}`,
      ...(exit ? [`${list}/exit-${inode}-${task}`] : []),
    ]);
    for (const path of [list, ...paths]) await whenOpen(namespace, () => makeCgroup(path));
    const begin = performance.now();
    for (let asked = 0; !isAnswered(list, bell); await pause()) {
      const waited = performance.now() - begin;
      if (waited > PATIENCE) {
        throw new Failed(
          `the release agent does not answer: run "sudo lanco ${namespace.namespace} init" again`,
        );
      }
      if (waited >= asked * AGAIN) {
        await whenOpen(namespace, () => call(bell));
        asked++;
      }
    }
  } catch (error) {
    for (const cgroup of [list, bell]) await removeWhenOpen(namespace, cgroup);
    throw error;
  }
}

/**
 * Has the kernel call the release agent, which it does with a cgroup that is "released";
 * that it is when its last child is removed (cgroup-v1/cgroups.rst, notify_on_release).
 */
function call(bell: string): void {
  makeCgroup(bell);
  // The agent may come for an earlier call, and take the bell away.
  unlessGone(() => {
    makeCgroup(`${bell}/x`);
    Deno.removeSync(`${bell}/x`);
  }, undefined);
}

/** The agent marks the bell when all are in, and then removes the list; one of before 1.2 only that. */
function isAnswered(list: string, bell: string): boolean {
  const mark = unlessGone(() => Deno.readTextFileSync(`${bell}/cgroup.clone_children`), "");
  return mark.trim() === "1" || !existsSync(list);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
