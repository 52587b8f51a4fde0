import { reason } from "../cli/errors.ts";
import { splitLines } from "../cli/split_lines.ts";
import type { Namespace } from "../namespace/description.ts";
import { parseNotice } from "../stop/stop_by_key.ts";
import { GRACE, OwnersTasks, PATIENCE } from "./stop.ts";

/** The longest line of standard error that is copied, in bytes. */
const LONGEST = 65_536;

/** How long the process may take to tell that a task has ended which root has killed, in milliseconds. */
const ANSWER_WAIT = 5000;

/** A stop that the process has not told the end of. */
interface Stop {
  task: string;
  /** The run, as root saw it when it was told of the stop. */
  tasks: OwnersTasks;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * The stops that a user of root's `top` has asked for by a key. The process that acts as the
 * owner tells root's command of each, and then stops the task. If it has not told the end of the
 * stop in time, or is killed, root kills the run itself: the owner cannot hinder that.
 */
export class StopsByKey {
  readonly #open = new Map<number, Stop>();
  readonly #kills: Promise<void>[] = [];
  readonly #failures: string[] = [];
  #isLeft = false;

  /**
   * @param write Writes a message of the process's to root's standard error.
   * @param giveUp Kills the process, which has not answered. Its parameter is the reason.
   */
  constructor(
    private readonly namespace: Namespace,
    private readonly write: (message: Uint8Array) => void,
    private readonly giveUp: (why: string) => void,
  ) {}

  /** The stops that were under way when the process ended, unless the user has left them so. */
  get left(): readonly string[] {
    return this.#isLeft ? [] : [...this.#open.values()].map(({ task }) => task);
  }

  /** Reads the standard error of the process to its end. */
  async read(errors: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const line of splitLines(errors, LONGEST)) {
      if (line !== undefined && line.length > 0) this.#take(line);
    }
  }

  /** Stops to wait for the stops. */
  abandon(): void {
    for (const { timer } of this.#open.values()) clearTimeout(timer);
    this.#open.clear();
  }

  /**
   * Kills what is left of the tasks.
   *
   * @returns the messages of all failures so far.
   */
  async finish(): Promise<readonly string[]> {
    for (const inode of [...this.#open.keys()]) this.#end(inode);
    await Promise.all(this.#kills);
    return this.#failures;
  }

  #take(line: Uint8Array): void {
    const notice = parseNotice(new TextDecoder().decode(line));
    if (notice === undefined) this.write(line);
    else if ("quit" in notice) this.#isLeft = true;
    else if ("over" in notice) this.#end(notice.over);
    // How long the task may take the owner can write down.
    else this.#begin(notice.stop, notice.inode, Math.min(notice.patience, PATIENCE) + GRACE);
  }

  #begin(task: string, inode: number, wait: number): void {
    try {
      const tasks = new OwnersTasks(this.namespace, [task], inode);
      clearTimeout(this.#open.get(inode)?.timer);
      this.#open.set(inode, { task, tasks, timer: setTimeout(() => this.#expire(inode), wait) });
    } catch (error) {
      this.#failures.push(reason(error));
    }
  }

  /** Kills the run, and then the process unless it soon tells the end of the stop. */
  #expire(inode: number): void {
    const stop = this.#open.get(inode);
    if (stop === undefined) return;
    this.#kill(stop);
    const why = `did not tell the end of task ${stop.task}, which root kills,`;
    stop.timer = setTimeout(() => this.giveUp(why), ANSWER_WAIT);
  }

  #end(inode: number): void {
    const stop = this.#open.get(inode);
    if (stop === undefined) return;
    this.#open.delete(inode);
    clearTimeout(stop.timer);
    this.#kill(stop);
  }

  #kill({ task, tasks }: Stop): void {
    if (!tasks.has(task)) return;
    this.#kills.push(tasks.kill(task).catch((error) => void this.#failures.push(reason(error))));
  }
}
