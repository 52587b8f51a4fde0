import { isThere, processes, removeCgroup, unlessGone } from "../cgroup/cgroup.ts";
import { setFrozen, untilFrozen } from "../cgroup/freezer.ts";
import { Failed, NotOwner, type NotPermitted } from "../cli/errors.ts";
import { delay } from "../cli/sleep.ts";
import type { Namespace } from "../namespace/description.ts";
import { type CgroupsBeside, exitCommandCgroups } from "../namespace/paths.ts";
import { type Exit, isExitCommandRunning } from "../task/exit_commands.ts";
import { send, type Signal } from "../task/signals.ts";

/** How often to look for processes, and to kill those that are left, in milliseconds. */
const INTERVAL = 20;

/** The longest wait for a v1 cgroup to freeze before its processes are killed, in milliseconds. */
const FREEZE_WAIT = 50;

/** The longest wait for the release agent to remove the cgroups, in milliseconds. */
const AGENT_WAIT = 2000;

/** A running exit command that is to be stopped. */
export class ExitTarget {
  readonly #place: CgroupsBeside;

  constructor(private readonly namespace: Namespace, private readonly exit: Exit) {
    this.#place = exitCommandCgroups(namespace, exit.task, exit.inode);
  }

  /** The name of the exit command in messages. */
  get name(): string {
    return `the exit command of task ${this.exit.task}`;
  }

  /**
   * Sends a signal to all its processes, and thaws them: a frozen process does not act on it.
   *
   * @throws {NotPermitted} if the exit command belongs to another user.
   */
  sendAndThaw(signal: Signal): void {
    this.#send(signal);
    this.#freeze(false);
  }

  /**
   * Kills all its processes once. If the host has no cgroup.kill they are frozen first, so that
   * none can fork meanwhile; a new process may be left all the same: see `untilEnded`.
   *
   * @throws {NotPermitted} if the exit command belongs to another user.
   */
  async kill(): Promise<void> {
    const { other: frozenCgroup } = this.#place;
    const killed = frozenCgroup !== undefined && this.#killTree(frozenCgroup);
    if (!killed && frozenCgroup !== undefined && this.#freeze(true)) {
      await untilFrozen(frozenCgroup, FREEZE_WAIT);
    }
    this.#send("SIGKILL");
    this.#freeze(false);
  }

  /**
   * Waits for the exit command to end.
   *
   * @param timeout The longest wait, in milliseconds.
   * @param kill Whether to kill the processes that are left, again and again.
   * @returns whether it has ended.
   */
  async untilEnded(timeout: number, kill: boolean): Promise<boolean> {
    for (const deadline = performance.now() + timeout;;) {
      if (!isExitCommandRunning(this.namespace, this.exit)) return true;
      if (performance.now() >= deadline) return false;
      await delay(INTERVAL);
      if (kill) await this.kill();
    }
  }

  /** Waits for the release agent to remove the cgroups of the exit command, or removes them. */
  async untilRemoved(): Promise<void> {
    const { registered, other } = this.#place;
    for (const deadline = performance.now() + AGENT_WAIT; isThere(registered);) {
      if (performance.now() > deadline) {
        for (const cgroup of [other, registered]) {
          if (cgroup !== undefined) removeCgroup(cgroup);
        }
        return;
      }
      await delay(2);
    }
  }

  /** Returns the error for an exit command that has outlived SIGKILL. */
  stillRunning(): Failed {
    const pids = processes(this.#place.registered);
    return new Failed(
      pids.length === 0
        ? `cannot stop ${this.name}: its processes are in another PID namespace: stop it from there`
        : `cannot stop ${this.name}: ${pids.length} processes are left, e.g. ${pids[0]}`,
    );
  }

  #send(signal: Signal): void {
    const pids = processes(this.#place.registered);
    if (send(pids, signal) === 0 && pids.length > 0) throw this.#foreign();
  }

  #killTree(frozenCgroup: string): boolean {
    const file = `${frozenCgroup}/cgroup.kill`;
    return this.#permitted(() => {
      if (unlessGone(() => Deno.statSync(file), undefined) === undefined) return false;
      return unlessGone(() => {
        Deno.writeTextFileSync(file, "1", { create: false });
        return true;
      }, true);
    });
  }

  #freeze(frozen: boolean): boolean {
    const { other: frozenCgroup } = this.#place;
    return frozenCgroup !== undefined && this.#permitted(() => setFrozen(frozenCgroup, frozen));
  }

  #permitted<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (error instanceof Deno.errors.PermissionDenied) throw this.#foreign();
      throw error;
    }
  }

  #foreign(): NotPermitted {
    return new NotOwner(this.name, this.namespace.owner);
  }
}
