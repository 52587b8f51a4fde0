import { isGone, processes } from "../cgroup/cgroup.ts";
import { setFrozen, untilFrozen } from "../cgroup/freezer.ts";
import { Failed, NotOwner, NotPermitted, NotRunning, reason } from "../cli/errors.ts";
import { effectiveUser } from "../namespace/caller.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { registered, taskCgroups, trackingCgroup } from "../task/places.ts";
import { procOf } from "../task/pid_namespace.ts";
import { readVisible } from "../task/process.ts";
import { readRun } from "../task/record.ts";
import type { Signal } from "../task/signals.ts";
import { send } from "./send.ts";
import { identity } from "../task/task.ts";

/** How often to kill what is left, in milliseconds. */
const AGAIN = 20;

/**
 * How long a shim may take to tell how its task has ended, in milliseconds from when nothing
 * else is left, before it is killed too.
 */
const LAST_WORD = 2000;

/** How long a cgroup of v1 may take to freeze before what is in it is killed all the same, in milliseconds. */
const FREEZE_WAIT = 50;

/** One run of a task, as something to be stopped; never the next run of the same name. */
export class Target {
  readonly #cgroup: string;
  /** Whether it has been killed. */
  #killed = false;
  /** Since when nothing but the shim has been left of what was killed. */
  #alone: number | undefined;

  private constructor(
    private readonly namespace: Namespace,
    private readonly task: string,
    /** Its number. */
    readonly run: number,
    /** What kills all of the tree at once; that of this run, whatever gets its name. */
    private readonly killer: Deno.FsFile | undefined,
  ) {
    this.#cgroup = trackingCgroup(namespace, task);
  }

  /**
   * Takes hold of the run that is under way.
   *
   * @throws {NotRunning} if the task does not run.
   * @throws {NotPermitted} if it is not the caller's.
   */
  static find(namespace: Namespace, task: string): Target {
    for (;;) {
      const run = identity(namespace.namespace, task);
      if (run === undefined) throw new NotRunning(task);
      const killer = openKiller(namespace, task);
      // Both are of the same run.
      if (identity(namespace.namespace, task) === run) {
        return new Target(namespace, task, run, killer);
      }
      killer?.close();
    }
  }

  /** Lets go of it. */
  close(): void {
    this.killer?.close();
  }

  get #isOver(): boolean {
    return identity(this.namespace.namespace, this.task) !== this.run;
  }

  /** Asks all to end by themselves, and wakes those that are paused. */
  ask(signal: Signal): void {
    this.#send(signal);
    this.#freeze(false);
  }

  /** Sends the signal to all. */
  signal(signal: Signal): void {
    if (this.#send(signal)) return;
    const refused = new Deno.errors.PermissionDenied("not permitted to signal it");
    throw explained(this.namespace, this.task, refused);
  }

  /** Returns whether one could be sent it, or there is none; some may be other users' (setuid). */
  #send(signal: Signal): boolean {
    const own = processes(this.#cgroup);
    const reached = send(own, signal);
    const others = this.#others(own);
    if (reached + send(others, signal) > 0) return true;
    if (own.length + others.length > 0) return false;
    // Nothing but its shim is left, unless not even that can be seen.
    const all = processes(registered(this.namespace.namespace, this.task));
    if (all.length === 0 && !this.#isOver) throw this.#unseen();
    return true;
  }

  /** Kills the whole tree, once. */
  async kill(): Promise<void> {
    const again = this.#killed;
    this.#killed = true;
    // v2 kills the tree at once (cgroup.kill, Linux 5.14), but for what has lost its first
    // thread, which kill(2) reaches. That can wait: the number of one that is dying may be
    // another's in a moment. Else nothing may fork, and nothing frozen can lose its number.
    if (this.#killTree()) {
      if (again) send(processes(this.#cgroup), "SIGKILL");
    } else {
      const holds = this.#freeze(true);
      if (holds) await untilFrozen(this.#cgroup, FREEZE_WAIT);
      send(processes(this.#cgroup), "SIGKILL");
      this.#freeze(false);
    }
    // What has left the tracking cgroup is still registered.
    send(this.#others(processes(this.#cgroup)), "SIGKILL");
  }

  /**
   * Whether the task ends within so many milliseconds.
   *
   * @param kill Whether to kill what is left of it, again and again.
   */
  async ends(wait: number, kill: boolean): Promise<boolean> {
    const deadline = performance.now() + wait;
    for (let pause = 1, struck = performance.now();; pause = Math.min(pause * 1.5, AGAIN)) {
      if (this.#isOver) return true;
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await new Promise((resolve) => setTimeout(resolve, Math.min(pause, left)));
      if (!kill || performance.now() - struck < AGAIN || this.#isOver) continue;
      await this.kill();
      struck = performance.now();
    }
  }

  /** What to say when there are processes that nothing ends. */
  stubborn(): Failed {
    const own = processes(this.#cgroup);
    const left = [...own, ...this.#others(own)];
    if (left.length === 0) return this.#unseen();
    const doomed = left.find(isKilled);
    if (doomed !== undefined) {
      return new Failed(
        `cannot see the end of task ${this.task}: process ${doomed} has been killed, and will ` +
          "end when it is thawed, or what it waits for in the kernel is done",
      );
    }
    return new Failed(
      `cannot stop task ${this.task}: ${left.length} processes are left, such as ${left[0]}: ` +
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
   * The processes that are in another cgroup of the task than the tracking one: v1 keeps
   * nobody from leaving that. The shim, which is what its record says, is spared as long
   * as it may have something to tell: what was killed may end late.
   */
  #others(own: readonly number[]): number[] {
    const inside = new Set(own);
    const places = [
      registered(this.namespace.namespace, this.task),
      ...taskCgroups(this.namespace, this.task),
    ];
    const others = [...new Set(places.flatMap(processes))].filter((pid) => !inside.has(pid));
    if (others.length === 0 || this.#isOver) return [];
    const shim = this.#shim();
    const rest = others.filter((pid) => pid !== shim);
    this.#alone = !this.#killed || own.length + rest.length > 0
      ? undefined
      : this.#alone ?? performance.now();
    const late = this.#alone !== undefined && performance.now() - this.#alone > LAST_WORD;
    return late ? others : rest;
  }

  #shim(): number | undefined {
    try {
      return readRun(this.namespace.namespace, this.task)?.shim;
    } catch {
      return undefined;
    }
  }

  /** Kills the tree of v2 at once. Returns whether the host can. */
  #killTree(): boolean {
    if (this.killer === undefined) return false;
    try {
      this.killer.writeSync(new TextEncoder().encode("1"));
    } catch (error) {
      // There is nothing left to kill.
      if (!isGone(error)) throw this.#explained(error);
    }
    return true;
  }

  #freeze(frozen: boolean): boolean {
    try {
      return setFrozen(this.#cgroup, frozen);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #explained(error: unknown): unknown {
    return explained(this.namespace, this.task, error);
  }
}

/** Opens what kills the task's tree; nothing if the host has no such thing. */
function openKiller(namespace: Namespace, task: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(`${trackingCgroup(namespace, task)}/cgroup.kill`, { write: true });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw explained(namespace, task, error);
  }
}

/** What a refusal of the kernel means: the owner is to hear what keeps him from what is his. */
function explained(namespace: Namespace, task: string, error: unknown): unknown {
  if (!(error instanceof Deno.errors.PermissionDenied)) return error;
  const { owner, uid } = namespace;
  if (effectiveUser() !== uid) return new NotOwner(`task ${task}`, owner);
  return new NotPermitted(`task ${task} belongs to ${owner}: ${reason(error)}`);
}

/** Whether a process has been sent SIGKILL and has not ended yet (proc_pid_status(5), ShdPnd). */
function isKilled(pid: number): boolean {
  // The ninth bit is of the third digit from the end.
  return /^S(?:ig|hd)Pnd:\s+[0-9a-f]*[13579bdf][0-9a-f]{2}$/m
    .test(readVisible(`${procOf(pid)}/status`));
}
