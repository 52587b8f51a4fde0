import {
  isPopulated,
  isThere,
  makeCgroup,
  move,
  removeCgroup,
  unlessGone,
} from "../../cgroup/cgroup.ts";
import { AlreadyRunning, Failed } from "../../cli/errors.ts";
import { effectiveUser } from "../../namespace/caller.ts";
import type { Namespace } from "../../namespace/description.ts";
import {
  exitCommandCgroups,
  namedRoot,
  namespaceDirectory,
  registered,
  shimCgroup,
  shimsCgroup,
  timeKeeperCgroups,
} from "../../namespace/paths.ts";
import { removeLeftExitCommands } from "../../task/exit_commands.ts";
import { isTaskPopulated, saysPopulated } from "../../task/population.ts";
import { cgroupsOf } from "../../task/process.ts";
import type { AdmitOptions, Candidates, Keeper, Launching, Shells } from "../keeper.ts";
import { foreign, tooManyCgroups, untilOpen, whenOpen } from "../reopening.ts";
import { attach, isInUnit } from "./attach.ts";
import { lockFile, withLock } from "./lock.ts";
import { reap, reapLocked } from "./reap.ts";
import { UNIFIED_COUNTERS } from "../../task/usage.ts";
import end from "./end.sh" with { type: "text" };

/**
 * A namespace that is kept by a unit of systemd's, which belongs to the owner: systemd moves processes
 * of the owner's into the unit when they ask for it, and within the unit they move them themselves.
 * The cgroup of a task is its registered cgroup, too, and is made and removed with a lock.
 */
export const systemd: Keeper = {
  open,
  take,
  takePool: (namespace, pool) => attach(namespace, [pool]),
  // The shims start where the pool is.
  poolCgroups: () => ({ stage: "", others: [] }),
  reserve,
  register,
  admit,
  setApart,
  close,
  reap,
  place: ({ namespace }, task) =>
    `${namespaceDirectory(namespace)}/unified ${lockFile(namespace, task)}`,
  end: end.replace("@COUNTERS@", UNIFIED_COUNTERS.join(" ")),
  exitWaits: "pipe",
};

function open(namespace: Namespace): Promise<void> {
  const isOwner = effectiveUser() === namespace.uid;
  return isOwner ? Promise.resolve() : Promise.reject(foreign(namespace));
}

function take(
  namespace: Namespace,
  _id: string,
  { shim, exit, time, beside }: Shells,
): Promise<void> {
  return attach(namespace, [shim, exit, time, ...beside].filter((pid) => pid !== undefined));
}

/** Moves the shells into the cgroup of what keeps time limits, which the last of them removes. */
async function setApart(
  namespace: Namespace,
  task: string,
  inode: number,
  beside: readonly number[],
): Promise<string> {
  const { registered } = timeKeeperCgroups(namespace, task, inode);
  await whenOpen(namespace, () => {
    for (const pid of beside) enterNewCgroup(namespace, pid, registered);
  });
  return registered;
}

/** The cgroup of the shim of the launch that has reserved the name of a task. */
function reservation(namespace: string, task: string): string {
  return `${shimsCgroup(namespace)}/next-${task}`;
}

/** Moves the shim into that cgroup, of which there can be one. */
function reserve(namespace: Namespace, task: string, { shim }: Launching): Promise<boolean> {
  const reserved = reservation(namespace.namespace, task);
  return withLock(namespace, task, () => {
    if (isPopulated(reserved)) return false;
    makeCgroup(reserved);
    move(shim, reserved);
    return true;
  });
}

/** Makes the cgroup of the task and that of its shim, which is in it from here on: the task counts as running. */
function register(namespace: Namespace, task: string, launching: Launching): Promise<number> {
  return withLock(namespace, task, () => enterNew(namespace.namespace, task, launching));
}

function enterNew(namespace: string, task: string, { shim, reserved }: Launching): number {
  const reservedCgroup = reservation(namespace, task);
  if (!reserved && isPopulated(reservedCgroup)) throw new AlreadyRunning(task, "is being replaced");
  const cgroup = registered(namespace, task);
  const beside = shimCgroup(namespace, task);
  // The run before may have ended without its shim, which was killed, having removed them.
  const isFree = !isThere(cgroup) && !isThere(beside) || reapLocked(namespace, task);
  if (!isFree) {
    if (isTaskPopulated(namespace, task) || saysPopulated(beside)) throw new AlreadyRunning(task);
    // If the namespace is closed, its owner is denied this.
    for (const left of [beside, cgroup]) if (isThere(left)) Deno.removeSync(left);
  }
  try {
    for (const made of [cgroup, beside]) makeCgroup(made);
    move(shim, beside);
    removeCgroup(reservedCgroup);
    const { ino } = Deno.statSync(cgroup);
    if (ino === null) throw new Failed("the unified hierarchy has no inodes");
    return ino;
  } catch (error) {
    for (const made of [beside, cgroup]) removeCgroup(made);
    throw asDenied(namespace, error);
  }
}

/** Removes the cgroups of a launch that has failed, which its shim could not do while the namespace was closed. */
async function close(namespace: Namespace, _id: string, task: string): Promise<void> {
  const reserved = reservation(namespace.namespace, task);
  if (isThere(reserved)) await withLock(namespace, task, () => removeCgroup(reserved));
  const cgroup = registered(namespace.namespace, task);
  await untilOpen(
    namespace,
    async () =>
      !isThere(cgroup) || isTaskPopulated(namespace.namespace, task) || await reap(namespace, task),
  );
}

/**
 * Returns the error to throw for one of the kernel's. EAGAIN: cgroup.max.descendants is reached, or
 * is 0 while the namespace is closed, which its owner is denied.
 */
function asDenied(namespace: string, error: unknown): unknown {
  if (!(error instanceof Error && error.message.includes("os error 11)"))) return error;
  const read = (file: string) =>
    unlessGone(() => Deno.readTextFileSync(`${namedRoot(namespace)}/${file}`), "");
  const [, made] = /^nr_descendants (\d+)$/m.exec(read("cgroup.stat")) ?? [];
  const most = Number(read("cgroup.max.descendants"));
  return most > 0 && Number(made) >= most
    ? tooManyCgroups(namespace)
    : new Deno.errors.PermissionDenied("the namespace is closed");
}

/** Moves the child into the cgroup of the task, and the exit command into its own, where it waits for the end. */
async function admit(
  namespace: Namespace,
  task: string,
  { shim, child, exit, time, beside }: Candidates,
  { inode, meanwhile, prepare }: AdmitOptions,
): Promise<boolean> {
  const cgroup = registered(namespace.namespace, task);
  const waiting = meanwhile();
  // The promise may be rejected before it is awaited.
  waiting.catch(() => {});
  try {
    await whenOpen(namespace, () => {
      prepare();
      move(child, cgroup);
      if (exit !== undefined || time !== undefined) removeLeftExitCommands(namespace, task);
      const { registered: exits } = exitCommandCgroups(namespace, task, inode);
      if (exit !== undefined) enterNewCgroup(namespace, exit, exits);
      const { registered: times } = timeKeeperCgroups(namespace, task, inode);
      if (time !== undefined) enterNewCgroup(namespace, time, times);
    });
  } finally {
    // An error of that work is the cause of any error above.
    await waiting;
  }
  assertIn(namespace, child, `/task-${task}`);
  const shells = [shim, exit, time, ...beside];
  for (const pid of shells) if (pid !== undefined) assertIn(namespace, pid, "");
  return false;
}

function enterNewCgroup(namespace: Namespace, pid: number, cgroup: string): void {
  try {
    makeCgroup(cgroup);
  } catch (error) {
    throw asDenied(namespace.namespace, error);
  }
  move(pid, cgroup);
}

/** Checks that a process is in a cgroup of the unit. */
function assertIn(namespace: Namespace, pid: number, below: string): void {
  const path = cgroupsOf(pid).get("unified") ?? "";
  if (isInUnit(namespace, path) && path.endsWith(below)) return;
  throw new Failed(
    `the task did not leave its caller's cgroup ${path}: run "sudo lanco ${namespace.namespace} init" again`,
  );
}
