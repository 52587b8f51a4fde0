// What a namespace is kept by: who owns the name of a task, and moves its processes out of the caller's cgroups.
import type { Namespace } from "../namespace/description.ts";

/** The shells that stay with a run beside its shim. */
export interface ShellsBeside {
  /** The shell that will run the exit command, if there is one. */
  exit: number | undefined;
  /** The shell that keeps the time limit, if there is one. */
  time: number | undefined;
  /** Shells that serve the run beside the task. */
  beside: readonly number[];
}

/** The processes that leave the caller's cgroups for those of the namespace. */
export interface Candidates extends ShellsBeside {
  /** The shim. */
  shim: number;
  /** The task's first process. */
  child: number;
}

/** Options of `Keeper.admit`. */
export interface AdmitOptions {
  /** The inode of the task's registered cgroup. */
  inode: number;
  /** Work to do while the processes are moved, or before the exit command is frozen. */
  meanwhile: () => Promise<unknown>;
  /** Called when the task's own cgroups have been made and are empty; again if they had to be made again. */
  prepare: () => void;
}

/** The shells of a launch that `Keeper.take` moves first. */
export interface Shells extends ShellsBeside {
  /** The shim, unless a shim pool has forked it. */
  shim: number | undefined;
}

/** A launch that registers its task. */
export interface Launching {
  /** A unique word for this launch. */
  id: string;
  /** The shim. */
  shim: number;
  /** Whether it has reserved the name. */
  reserved?: boolean;
}

/** The cgroups that a shim which was forked by a shim pool moves itself to. */
export interface PoolCgroups {
  /** The beginning of the path of its staged cgroup, before the unique word of the launch; empty if it has none. */
  stage: string;
  /** The paths of further ones. */
  others: string[];
}

/** How a launch and the end of a run are done in a namespace, by what keeps it. */
export interface Keeper {
  /**
   * Begins a launch.
   *
   * @param id A unique word for this launch.
   * @throws {NotPermitted} if the caller does not own the namespace.
   */
  open(namespace: Namespace, id: string): Promise<void>;

  /** Takes the shells of a launch, so that the processes which the shim starts later are taken, too. */
  take(namespace: Namespace, id: string, shells: Shells): Promise<void>;

  /** Takes a shim pool, if its shims are to be taken with it. */
  takePool(namespace: Namespace, pool: number): Promise<void>;

  /** Returns what the shims of a shim pool enter by themselves instead of being taken. */
  poolCgroups(namespace: Namespace): PoolCgroups;

  /**
   * Reserves the name of a task for a launch whose shim has been taken: until that registers the
   * task, or ends, no other launch does so, even when the run that has the name has ended.
   *
   * @returns false if another launch has reserved the name.
   */
  reserve(namespace: Namespace, task: string, launching: Launching): Promise<boolean>;

  /**
   * Registers a task, whose shim must have been taken. Of several launches only one can do so.
   *
   * @returns the inode of the registered cgroup, by which the run can be told from others.
   * @throws {AlreadyRunning} if the task runs, or another launch has reserved its name.
   */
  register(namespace: Namespace, task: string, launching: Launching): Promise<number>;

  /**
   * Moves the shim, the task's first process and its exit command out of every cgroup of the
   * caller. The first two must have been taken and registered, and the command must not have
   * been executed yet.
   *
   * @returns whether the exit command is frozen: it is not if there is no freezer for it.
   * @throws {Failed} if one of the processes is still in a cgroup of the caller.
   */
  admit(
    namespace: Namespace,
    task: string,
    candidates: Candidates,
    options: AdmitOptions,
  ): Promise<boolean>;

  /**
   * Moves shells that serve a run beside its task out of what makes the task count as running. To be
   * called after `admit`, with the inode of the registered cgroup.
   *
   * @returns the cgroup that they have to leave and to remove at their end; undefined if others do that.
   */
  setApart(
    namespace: Namespace,
    task: string,
    inode: number,
    beside: readonly number[],
  ): Promise<string | undefined>;

  /** Removes what `open`, `reserve` and `admit` have made for a launch that has failed. */
  close(namespace: Namespace, id: string, task: string): Promise<void>;

  /**
   * Removes the cgroups of a task that has ended, if it has a registered one.
   *
   * @returns whether the name of the task is free.
   */
  reap(namespace: Namespace, task: string): Promise<boolean>;

  /** Shell text by which a shim removes the cgroups of its run at the end, as a function `lanco_end`; empty if others do so. */
  readonly end: string;

  /** Returns what the shim has to know for `end`: where the task will be; empty if nothing. */
  place(namespace: Namespace, task: string): string;

  /** How an exit command learns of the end of the run: by being thawed, or from a pipe that the shim holds open. */
  readonly exitWaits: "frozen" | "pipe";
}
