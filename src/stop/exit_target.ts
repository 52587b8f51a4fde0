import { isThere, processes, removeCgroup, unlessGone } from "../cgroup/cgroup.ts";
import { setFrozen, untilFrozen } from "../cgroup/freezer.ts";
import { Failed, NotOwner, type NotPermitted } from "../cli/errors.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { type Exit, exitRuns } from "../task/exits.ts";
import { type ExitPlace, exitPlace } from "../task/places.ts";
import type { Signal } from "../task/signals.ts";
import { send } from "./send.ts";

/** How often to look, and to kill what is left, in milliseconds. */
const AGAIN = 20;

/** How long a cgroup of v1 may take to freeze before what is in it is killed all the same, in milliseconds. */
const FREEZE_WAIT = 50;

/** How long the release agent may take to remove what was an exit command's, in milliseconds. */
const AGENT = 2000;

/** An exit command that runs, as something to be stopped. */
export class ExitTarget {
  readonly #place: ExitPlace;

  constructor(private readonly namespace: Namespace, private readonly exit: Exit) {
    this.#place = exitPlace(namespace, exit.task, exit.run);
  }

  /** What it is called. */
  get name(): string {
    return `the exit command of task ${this.exit.task}`;
  }

  /**
   * Asks it to end by itself, and lets it go on if it is frozen.
   *
   * @throws {NotPermitted} if it is not the caller's.
   */
  ask(signal: Signal): void {
    this.#send(signal);
    this.#freeze(false);
  }

  /**
   * Kills it with all that it has started, once.
   *
   * @throws {NotPermitted} if it is not the caller's.
   */
  async kill(): Promise<void> {
    const { bed } = this.#place;
    const killed = bed !== undefined && this.#killTree(bed);
    // Nothing that is frozen forks.
    if (!killed && bed !== undefined && this.#freeze(true)) await untilFrozen(bed, FREEZE_WAIT);
    this.#send("SIGKILL");
    this.#freeze(false);
  }

  /**
   * Whether it ends within so many milliseconds.
   *
   * @param kill Whether to kill what is left of it, again and again.
   */
  async ends(wait: number, kill: boolean): Promise<boolean> {
    for (const deadline = performance.now() + wait;;) {
      if (!exitRuns(this.namespace, this.exit)) return true;
      if (performance.now() >= deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
      if (kill) await this.kill();
    }
  }

  /** Waits until the release agent has removed what was its, or does so in its place. */
  async settle(): Promise<void> {
    const { registered, bed } = this.#place;
    for (const deadline = performance.now() + AGENT; isThere(registered);) {
      if (performance.now() > deadline) {
        for (const cgroup of [bed, registered]) if (cgroup !== undefined) removeCgroup(cgroup);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** What to say when there are processes that nothing ends. */
  stubborn(): Failed {
    const left = processes(this.#place.registered);
    return new Failed(
      left.length === 0
        ? `cannot stop ${this.name}: its processes are in another PID namespace: stop it from there`
        : `cannot stop ${this.name}: ${left.length} processes are left, such as ${left[0]}`,
    );
  }

  #send(signal: Signal): void {
    const pids = processes(this.#place.registered);
    if (send(pids, signal) === 0 && pids.length > 0) throw this.#foreign();
  }

  #killTree(bed: string): boolean {
    const file = `${bed}/cgroup.kill`;
    return this.#permitted(() => {
      if (unlessGone(() => Deno.statSync(file), undefined) === undefined) return false;
      return unlessGone(() => {
        Deno.writeTextFileSync(file, "1", { create: false });
        return true;
      }, true);
    });
  }

  #freeze(frozen: boolean): boolean {
    const { bed } = this.#place;
    return bed !== undefined && this.#permitted(() => setFrozen(bed, frozen));
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
