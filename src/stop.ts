import { join } from "@std/path/posix/join";
import { cgroupTree, isGone, processes } from "./cgroup/cgroup.ts";
import { Failed, NotPermitted, NotRunning, reason } from "./errors.ts";
import { type Namespace, namespaceDirectory } from "./namespace.ts";
import { readRun } from "./record.ts";
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

/** One run of a task, as something to be stopped; never the next run of the same name. */
class Target {
  readonly #cgroup: string;
  readonly #shim: number | undefined;

  constructor(
    private readonly namespace: Namespace,
    private readonly task: string,
    private readonly run: number,
  ) {
    this.#cgroup = trackingCgroup(namespace, task);
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
    for (const pid of this.processes()) this.#signal(pid, signal);
    this.#freeze(false);
  }

  #signal(pid: number, signal: Signal): void {
    try {
      Deno.kill(pid, signal);
    } catch (error) {
      if (isGone(error) || error instanceof Deno.errors.NotFound) return;
      // A setuid process: the kill of the whole cgroup will reach it.
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    }
  }

  /** Kills the whole tree until nothing of it is left, or the time in milliseconds is over. */
  async kill(wait: number): Promise<boolean> {
    const deadline = Date.now() + wait;
    do {
      // v2 kills the tree at once (cgroup.kill, Linux 5.14); else nothing may fork meanwhile.
      if (!this.#write("cgroup.kill", "1")) {
        this.#freeze(true);
        for (const pid of this.processes()) this.#signal(pid, "SIGKILL");
        this.#freeze(false);
      }
      // What left the cgroup is still registered.
      if (await this.ends(20)) return true;
      for (const pid of this.processes()) this.#signal(pid, "SIGKILL");
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

  #freeze(frozen: boolean): void {
    if (!this.#write("cgroup.freeze", frozen ? "1" : "0")) {
      this.#write("freezer.state", frozen ? "FROZEN" : "THAWED");
    }
  }

  /** Writes to a file of the task's cgroup, or of the freezer's. Returns whether there is one. */
  #write(file: string, value: string): boolean {
    const root = namespaceDirectory(this.namespace.namespace);
    const cgroup = file.startsWith("cgroup.")
      ? this.#cgroup
      : join(root, "freezer", `task-${this.task}`);
    try {
      // Sub-cgroups of the task's own may be frozen apart.
      const below = file === "cgroup.kill" ? [cgroup] : cgroupTree(cgroup);
      for (const directory of below) {
        Deno.writeTextFileSync(join(directory, file), value, { create: false });
      }
      return below.length > 0;
    } catch (error) {
      if (isGone(error)) return false;
      if (error instanceof Deno.errors.PermissionDenied) {
        throw new NotPermitted(
          `task ${this.task} belongs to ${this.namespace.owner}: ${reason(error)}`,
        );
      }
      throw error;
    }
  }
}
