import { isGone, processes } from "../cgroup/cgroup.ts";
import { setFrozen, untilFrozen } from "../cgroup/freezer.ts";
import { Failed, NotOwner, NotPermitted, NotRunning, reason } from "../cli/errors.ts";
import { delay } from "../cli/sleep.ts";
import { effectiveUser } from "../namespace/caller.ts";
import type { Namespace } from "../namespace/description.ts";
import { memberCgroups, taskCgroups, trackingCgroup } from "../namespace/paths.ts";
import { procOf } from "../task/pid_namespace.ts";
import { readVisible } from "../task/process.ts";
import { currentRun } from "../task/records.ts";
import type { RunRecord } from "../task/record.ts";
import { send, type Signal } from "../task/signals.ts";
import { commandProcess } from "./command_process.ts";
import { runningInode } from "../task/task.ts";

/** How often to kill the processes that are left, in milliseconds. */
const INTERVAL = 20;

/**
 * The longest wait for a shim to record the exit status once all other processes of a killed
 * task have ended, in milliseconds. Then the shim is killed too.
 */
const SHIM_WAIT = 2000;

/** The longest wait for a v1 cgroup to freeze before its processes are killed, in milliseconds. */
const FREEZE_WAIT = 50;

/** The run of a task that is to be stopped or signalled; never the next run of the same task. */
export class Target {
  readonly #cgroup: string;
  /** Whether `kill` has been called. */
  #killed = false;
  /** Sends a signal again, since the run had no process that could receive it. */
  #undelivered: (() => void) | undefined;
  /** The time since which the shim alone has been left of the killed run. */
  #shimAlone: number | undefined;

  private constructor(
    private readonly namespace: Namespace,
    private readonly task: string,
    /** The inode of its cgroup in the named hierarchy. */
    readonly inode: number,
    /** The open cgroup.kill of this run, if the host has it. */
    private readonly killer: Deno.FsFile | undefined,
  ) {
    this.#cgroup = trackingCgroup(namespace, task);
  }

  /**
   * Returns the present run of a task. To be disposed of.
   *
   * @throws {NotRunning} if the task is not running.
   * @throws {NotPermitted} if it belongs to another user.
   */
  static find(namespace: Namespace, task: string): Target {
    for (;;) {
      const inode = runningInode(namespace.namespace, task);
      if (inode === undefined) throw new NotRunning(task);
      const killer = openKiller(namespace, task);
      // The run is the same as before: `killer` is its cgroup.kill.
      if (runningInode(namespace.namespace, task) === inode) {
        return new Target(namespace, task, inode, killer);
      }
      killer?.close();
    }
  }

  /** The name of the task in messages. */
  get name(): string {
    return `task ${this.task}`;
  }

  /** Closes cgroup.kill. */
  [Symbol.dispose](): void {
    this.killer?.close();
  }

  get #isOver(): boolean {
    return runningInode(this.namespace.namespace, this.task) !== this.inode;
  }

  /**
   * Sends a signal to all processes, and thaws them: a frozen process does not act on it.
   *
   * @param record The record of the run, if the signal is to go to its command alone: to all only
   * if that has ended.
   * @throws {NotPermitted} if the task belongs to another user.
   */
  sendAndThaw(signal: Signal, record?: RunRecord): void {
    const members = processes(this.#cgroup);
    if (this.#isOver) return;
    // While the task is being launched, the shim may be its only process.
    const isEmpty = members.length === 0;
    this.#undelivered = isEmpty ? () => this.sendAndThaw(signal, record) : undefined;
    const command = record && commandProcess(record, members);
    if (command === undefined || send([command], signal) === 0) this.#send(signal);
    this.#freeze(false);
  }

  /**
   * Sends a signal to all processes.
   *
   * @throws {NotPermitted} if the caller may signal none of them.
   * @throws {Failed} if all are in a PID namespace that the caller cannot see into.
   */
  signal(signal: Signal): void {
    if (this.#send(signal)) return;
    const refused = new Deno.errors.PermissionDenied("not permitted to signal it");
    throw explained(this.namespace, this.task, refused);
  }

  /** Returns false if there are processes, and the caller may signal none of them. */
  #send(signal: Signal): boolean {
    const own = processes(this.#cgroup);
    const others = this.#others(own);
    // Else they may be of the next run, which has cgroups of the same names.
    if (this.#isOver) return true;
    const reached = send(own, signal);
    if (reached + send(others, signal) > 0) return true;
    if (own.length + others.length > 0) return false;
    // The shim alone is left, unless all processes are in a PID namespace hidden from the caller.
    const all = memberCgroups(this.namespace.namespace, this.task).flatMap(processes);
    if (all.length === 0 && !this.#isOver) throw this.#unseen();
    return true;
  }

  /**
   * Kills all processes once; a process may be left all the same: see `untilEnded`.
   *
   * @throws {NotPermitted} if the task belongs to another user.
   */
  async kill(): Promise<void> {
    const again = this.#killed;
    this.#killed = true;
    if (this.#killTree()) {
      // cgroup.kill misses a process whose main thread has ended; kill(2) reaches it. Not in
      // the first round: the other pids belong to dying processes, and may be reused at once.
      if (again) this.#killMembers();
    } else {
      // Frozen processes cannot fork, and their pids cannot be reused.
      const isFreezing = this.#freeze(true);
      if (isFreezing) await untilFrozen(this.#cgroup, FREEZE_WAIT);
      this.#killMembers();
      this.#freeze(false);
    }
    // A process that has left the tracking cgroup is still in the named hierarchy.
    send(this.#others(processes(this.#cgroup)), "SIGKILL");
  }

  #killMembers(): void {
    const members = processes(this.#cgroup);
    // Else they may be of the next run.
    if (!this.#isOver) send(members, "SIGKILL");
  }

  /**
   * Waits for the run to end.
   *
   * @param timeout The longest wait, in milliseconds.
   * @param kill Whether to kill the processes that are left, again and again.
   * @returns whether it has ended.
   */
  async untilEnded(timeout: number, kill: boolean): Promise<boolean> {
    const deadline = performance.now() + timeout;
    for (let pause = 1, last = performance.now();; pause = Math.min(pause * 1.5, INTERVAL)) {
      if (this.#isOver) return true;
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await delay(Math.min(pause, left));
      if (!this.#isOver) this.#undelivered?.();
      if (!kill || performance.now() - last < INTERVAL || this.#isOver) continue;
      await this.kill();
      last = performance.now();
    }
  }

  /** Returns the error for a task that has outlived SIGKILL. */
  stillRunning(): Failed {
    const own = processes(this.#cgroup);
    const pids = [...own, ...this.#others(own)];
    if (pids.length === 0) return this.#unseen();
    const killed = pids.find(isKilled);
    if (killed !== undefined) {
      return new Failed(
        `cannot see the end of task ${this.task}: process ${killed} has been killed, and will ` +
          "end when it is thawed, or when its system call returns",
      );
    }
    return new Failed(
      `cannot stop task ${this.task}: ${pids.length} processes are left, e.g. ${pids[0]}: ` +
        `try "sudo lanco ${this.namespace.namespace} stop --now ${this.task}"`,
    );
  }

  #unseen(): Failed {
    return new Failed(
      `cannot signal task ${this.task}: its processes are in another PID namespace: stop it from there` +
        (this.killer ? ", or with stop --now" : ""),
    );
  }

  /**
   * Returns the processes in the other cgroups of the task that have left the tracking cgroup,
   * which v1 allows. The shim, known by the record of the run, is left out for `SHIM_WAIT`
   * after the last killed process has ended, so that it can record the exit status.
   */
  #others(own: readonly number[]): number[] {
    const inside = new Set(own);
    const cgroups = [
      ...memberCgroups(this.namespace.namespace, this.task),
      ...taskCgroups(this.namespace, this.task),
    ];
    const others = [...new Set(cgroups.flatMap(processes))].filter((pid) => !inside.has(pid));
    if (others.length === 0 || this.#isOver) return [];
    const shim = this.#shim();
    const rest = others.filter((pid) => pid !== shim);
    this.#shimAlone = !this.#killed || own.length + rest.length > 0
      ? undefined
      : this.#shimAlone ?? performance.now();
    const late = this.#shimAlone !== undefined && performance.now() - this.#shimAlone > SHIM_WAIT;
    return late ? others : rest;
  }

  #shim(): number | undefined {
    try {
      return currentRun(this.namespace.namespace, this.task, this.inode)?.record.shim;
    } catch {
      return undefined;
    }
  }

  /** Writes cgroup.kill (Linux 5.14, cgroup-v2.rst). Returns false if the host has no such file. */
  #killTree(): boolean {
    if (this.killer === undefined) return false;
    try {
      this.killer.writeSync(new TextEncoder().encode("1"));
    } catch (error) {
      // The cgroup no longer exists: all processes have ended.
      if (!isGone(error)) throw explained(this.namespace, this.task, error);
    }
    return true;
  }

  /** Freezes or thaws the run, unless it is over: the next one may have been paused. */
  #freeze(frozen: boolean): boolean {
    if (this.#isOver) return false;
    try {
      return setFrozen(this.#cgroup, frozen);
    } catch (error) {
      throw explained(this.namespace, this.task, error);
    }
  }
}

/** Opens cgroup.kill of a task; undefined if the host has no such file. */
function openKiller(namespace: Namespace, task: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(`${trackingCgroup(namespace, task)}/cgroup.kill`, { write: true });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw explained(namespace, task, error);
  }
}

/**
 * Returns the error to throw for an error of the kernel: EACCES means that the task belongs to
 * another user, or, to its owner, that a sandbox or a mount forbids the write.
 */
function explained(namespace: Namespace, task: string, error: unknown): unknown {
  if (!(error instanceof Deno.errors.PermissionDenied)) return error;
  const { owner, uid } = namespace;
  if (effectiveUser() !== uid) return new NotOwner(`task ${task}`, owner);
  return new NotPermitted(`task ${task} belongs to ${owner}: ${reason(error)}`);
}

/** Returns whether SIGKILL of a process is pending (SigPnd, ShdPnd: proc_pid_status(5)). */
function isKilled(pid: number): boolean {
  // SIGKILL is signal 9: the lowest bit of the third hexadecimal digit from the end.
  return /^S(?:ig|hd)Pnd:\s+[0-9a-f]*[13579bdf][0-9a-f]{2}$/m
    .test(readVisible(`${procOf(pid)}/status`));
}
