import {
  isPopulated,
  isThere,
  makeCgroup,
  move,
  moveMeanwhile,
  removeCgroup,
} from "../../cgroup/cgroup.ts";
import { AlreadyRunning, Failed } from "../../cli/errors.ts";
import { delay } from "../../cli/sleep.ts";
import { effectiveUser } from "../../namespace/caller.ts";
import type { Namespace } from "../../namespace/description.ts";
import {
  namedRoot,
  namespaceDirectory,
  registered,
  taskCgroups,
  timeKeeperCgroups,
} from "../../namespace/paths.ts";
import { isTaskPopulated } from "../../task/population.ts";
import { wakeExitCommands } from "../../task/wake_exit_commands.ts";
import type { Keeper, Launching, Shells } from "../keeper.ts";
import { foreign, removeWhenOpen, whenOpen } from "../reopening.ts";
import { admit } from "./admission.ts";

/**
 * A namespace that is kept by a named hierarchy of cgroup version 1 and its release agent: a cgroup
 * in it, which only one launch can rename to the name of a task, is the task's registered cgroup.
 */
export const named: Keeper = {
  open,
  take,
  takePool: () => Promise.resolve(),
  poolCgroups,
  reserve,
  register,
  admit,
  setApart,
  close,
  reap,
  // The release agent does what there is to do.
  end: "",
  place: () => "",
  exitWaits: "frozen",
};

/** The beginning of the paths of staged cgroups: a launch has one before its task is registered. */
function stage(namespace: Namespace): string {
  return `${namedRoot(namespace.namespace)}/new-`;
}

/**
 * The staged cgroup of the launch that has reserved the name of a task. A launch cannot have it by
 * its unique word, which is a UUID; the release agent removes it as it does those.
 */
function reservation(namespace: Namespace, task: string): string {
  return `${stage(namespace)}for-${task}`;
}

async function open(namespace: Namespace, id: string): Promise<void> {
  await whenOpen(namespace, () => {
    try {
      makeCgroup(stage(namespace) + id);
    } catch (error) {
      const isDenied = error instanceof Deno.errors.PermissionDenied;
      throw isDenied && effectiveUser() !== namespace.uid ? foreign(namespace) : error;
    }
  });
}

/** Moves the shim and the shells beside the task into the staged cgroup; the exit command is moved by `admit`. */
async function take(namespace: Namespace, id: string, { shim, beside }: Shells): Promise<void> {
  const pids = shim === undefined ? beside : [shim, ...beside];
  await Promise.all(pids.map((pid) => moveMeanwhile(pid, stage(namespace) + id)));
}

/** Moves the shells into the cgroup of what keeps time limits, which the release agent removes when they have ended. */
async function setApart(
  namespace: Namespace,
  task: string,
  inode: number,
  beside: readonly number[],
): Promise<undefined> {
  const { registered } = timeKeeperCgroups(namespace, task, inode);
  await whenOpen(namespace, () => {
    makeCgroup(registered);
    for (const pid of beside) move(pid, registered);
  });
}

function poolCgroups(namespace: Namespace) {
  const others = namespace.hierarchies.filter(({ version }) => version === 1)
    .map(({ name }) => `${namespaceDirectory(namespace.namespace)}/${name}`);
  return { stage: stage(namespace), others };
}

/** Renames the staged cgroup to that of the launch that has reserved the name, of which there can be one. */
async function reserve(namespace: Namespace, task: string, { id }: Launching): Promise<boolean> {
  const reserved = reservation(namespace, task);
  for (;;) {
    try {
      await whenOpen(namespace, () => Deno.renameSync(stage(namespace) + id, reserved));
      return true;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    // The launch that had it may have been killed.
    if (isPopulated(reserved) || !removeCgroup(reserved)) return false;
  }
}

/**
 * Renames the staged cgroup to the name of the task (rename(2)). A registered cgroup thus always has
 * had a process, and if `run` is killed the kernel calls the release agent, which removes the cgroup.
 * A launch that has got the name looks then whether another one has reserved it, and gives it back:
 * so that one gets it, whichever of the two was first.
 */
async function register(
  namespace: Namespace,
  task: string,
  { id, reserved }: Launching,
): Promise<number> {
  const staged = reserved ? reservation(namespace, task) : stage(namespace) + id;
  // The inode does not change when the cgroup is renamed.
  const { ino } = Deno.statSync(staged);
  if (ino === null) throw new Failed("the named hierarchy has no inodes");
  for (;;) {
    try {
      const name = registered(namespace.namespace, task);
      await whenOpen(namespace, () => Deno.renameSync(staged, name));
      if (reserved || !isPopulated(reservation(namespace, task))) return ino;
      await whenOpen(namespace, () => Deno.renameSync(name, staged));
      throw new AlreadyRunning(task, "is being replaced");
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    // The run before may have ended without its release agent having removed the cgroup yet.
    if (!await reap(namespace, task)) throw new AlreadyRunning(task);
  }
}

/** The kernel calls the release agent only for cgroups that have had a process: these may be without. */
async function close(namespace: Namespace, id: string, task: string): Promise<void> {
  await removeWhenOpen(namespace, stage(namespace) + id);
  await removeWhenOpen(namespace, reservation(namespace, task));
  // `admit` may have made the task's cgroups again after the release agent had removed them.
  if (isThere(registered(namespace.namespace, task))) return;
  for (const cgroup of taskCgroups(namespace, task)) removeCgroup(cgroup);
}

/** How long to wait for the release agent, in milliseconds. */
const AGENT_WAIT = 2000;

/**
 * Waits for the release agent to remove the cgroups. If they are still there then, because the agent
 * was killed or never called, removes them and thaws the exit command.
 */
async function reap(namespace: Namespace, task: string): Promise<boolean> {
  const cgroup = registered(namespace.namespace, task);
  const deadline = performance.now() + AGENT_WAIT;
  while (performance.now() < deadline) {
    if (!isThere(cgroup)) return true;
    if (isTaskPopulated(namespace.namespace, task)) return false;
    await delay(2);
  }
  for (const own of taskCgroups(namespace, task)) removeCgroup(own);
  const free = removeCgroup(cgroup);
  if (free) wakeExitCommands(namespace, task);
  return free;
}
