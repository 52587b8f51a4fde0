import { join } from "@std/path/posix/join";
import { isGone, processes } from "./cgroup/cgroup.ts";
import { type Freezer, freezerOf } from "./cgroup/freezer.ts";
import { Failed, NotPermitted, NotRunning, reason } from "./errors.ts";
import type { Namespace } from "./namespace.ts";
import { readRun, writeStop } from "./record.ts";
import type { Signal } from "./signals.ts";
import { identity, reap, registered, trackingCgroup } from "./task.ts";

/** How to stop a task. */
export interface StopOptions {
  /** The signal to ask with. */
  signal: Signal;
  /** How long to wait before killing, in milliseconds; 0 kills at once. */
  patience: number;
  /** Told of each step, for `-d`. */
  debug?: (message: string) => void;
}

/** One step: what is done to every process of the task, and how long it may take to work. */
export interface Step {
  /** The signal to send, or `KILL` for the whole tree at once. */
  signal: Signal;
  /** How long to wait for the end, in milliseconds. */
  wait: number;
}

/** How long the kernel may take to end what was killed, in milliseconds. */
const KILL_WAIT = 10_000;

/**
 * The steps of stopping: ask, wait two thirds of the patience, ask again, wait
 * the rest, kill. The original waits 20 s, 10 s and 5 s.
 */
export function stopPlan({ signal, patience }: Pick<StopOptions, "signal" | "patience">): Step[] {
  const kill: Step = { signal: "SIGKILL", wait: KILL_WAIT };
  if (patience === 0 || signal === "SIGKILL") return [kill];
  const first = Math.ceil(patience * 2 / 3);
  return [{ signal, wait: first }, { signal, wait: patience - first }, kill];
}

/**
 * Stops a task: when this returns no process of it is left, whatever it forked.
 *
 * @throws {NotRunning} if the task does not run.
 * @throws {NotPermitted} if it is not the caller's.
 * @throws {Failed} if a process outlives even SIGKILL.
 */
export async function stop(
  namespace: Namespace,
  task: string,
  options: StopOptions,
): Promise<void> {
  const run = identity(namespace.namespace, task);
  if (run === undefined) throw new NotRunning(task);
  const target = new Target(namespace, task, run);
  writeStop(namespace, task, stopPlan(options)[0]?.signal ?? "SIGKILL");
  for (const { signal, wait } of stopPlan(options)) {
    options.debug?.(`send ${signal} to task ${task}`);
    if (signal === "SIGKILL") {
      if (await target.kill(wait)) return await target.settled();
    } else {
      target.send(signal);
      if (await target.ends(wait)) return await target.settled();
    }
  }
  const left = target.processes();
  throw new Failed(
    `cannot stop task ${task}: ${left.length} processes are left, such as ${left[0]}: ` +
      `try "sudo lanco ${namespace.namespace} stop --now ${task}"`,
  );
}

/**
 * Sends a signal to every process of a task.
 *
 * @throws {NotRunning} if the task does not run.
 * @throws {NotPermitted} if it is not the caller's.
 */
export function signal(namespace: Namespace, task: string, name: Signal): void {
  const run = identity(namespace.namespace, task);
  if (run === undefined) throw new NotRunning(task);
  const target = new Target(namespace, task, run);
  const pids = target.processes();
  if (target.signal(pids, name) === 0 && pids.length > 0) {
    throw new NotPermitted(
      `task ${task} belongs to ${namespace.owner}: not permitted to signal it`,
    );
  }
}

/** One run of a task, as something to be stopped; never the next run of the same name. */
class Target {
  readonly #cgroup: string;
  readonly #shim: number | undefined;
  readonly #freezer: Freezer;

  constructor(
    private readonly namespace: Namespace,
    private readonly task: string,
    private readonly run: number,
  ) {
    this.#cgroup = trackingCgroup(namespace, task);
    this.#freezer = freezerOf(namespace, task);
    this.#shim = readRun(namespace.namespace, task)?.shim;
  }

  /** The processes of the task, those included that left its cgroup for another of the namespace. */
  processes(): number[] {
    if (identity(this.namespace.namespace, this.task) !== this.run) return [];
    const named = processes(registered(this.namespace.namespace, this.task));
    const all = new Set([...processes(this.#cgroup), ...named]);
    if (this.#shim !== undefined) all.delete(this.#shim);
    return [...all];
  }

  /** Sends the signal to every process, and wakes those that are paused to take it. */
  send(signal: Signal): void {
    this.signal(this.processes(), signal);
    this.#freeze(false);
  }

  /** Sends the signal to the processes. Returns how many could be sent it, or are gone. */
  signal(pids: readonly number[], signal: Signal): number {
    let reached = 0;
    for (const pid of pids) {
      try {
        Deno.kill(pid, signal);
        reached++;
      } catch (error) {
        if (isGone(error)) reached++;
        // A setuid process: the kill of the whole cgroup will reach it.
        else if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      }
    }
    return reached;
  }

  /** Kills the whole tree until nothing of it is left, or the time in milliseconds is over. */
  async kill(wait: number): Promise<boolean> {
    const deadline = Date.now() + wait;
    do {
      // v2 kills the tree at once (cgroup.kill, Linux 5.14); else nothing may fork meanwhile.
      if (!this.#killTree()) {
        this.#freeze(true);
        this.signal(this.processes(), "SIGKILL");
        this.#freeze(false);
      }
      // What left the cgroup is still registered.
      if (await this.ends(20)) return true;
      this.signal(this.processes(), "SIGKILL");
    } while (Date.now() < deadline);
    return false;
  }

  /** Whether the task ends within so many milliseconds. */
  async ends(wait: number): Promise<boolean> {
    const deadline = Date.now() + wait;
    for (let pause = 1;; pause = Math.min(pause * 1.5, 50)) {
      if (this.processes().length === 0) return true;
      const left = deadline - Date.now();
      if (left <= 0) return false;
      await new Promise((resolve) => setTimeout(resolve, Math.min(pause, left)));
    }
  }

  /** Waits until the end is written down and the name is free again. */
  async settled(): Promise<void> {
    const deadline = Date.now() + KILL_WAIT;
    while (identity(this.namespace.namespace, this.task) === this.run && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    try {
      await reap(this.namespace, this.task);
    } catch (error) {
      if (!(error instanceof NotRunning)) throw error;
    }
  }

  /** Kills the tree of v2 at once. Returns whether the host can. */
  #killTree(): boolean {
    try {
      Deno.writeTextFileSync(join(this.#cgroup, "cgroup.kill"), "1", { create: false });
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw this.#explained(error);
    }
  }

  #freeze(frozen: boolean): void {
    try {
      this.#freezer.set(frozen);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #explained(error: unknown): unknown {
    if (!(error instanceof Deno.errors.PermissionDenied)) return error;
    return new NotPermitted(
      `task ${this.task} belongs to ${this.namespace.owner}: ${reason(error)}`,
    );
  }
}
