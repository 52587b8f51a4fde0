import { unlessGone } from "../cgroup/cgroup.ts";
import type { Namespace } from "../namespace/description.ts";
import { namedRoot, trackingCgroup } from "../namespace/paths.ts";
import { hasCommandStarted, seemsBeingStarted } from "./command_start.ts";
import { isTaskPopulated } from "./population.ts";
import { about, again, isFormer, type LiveRun, short } from "./live_run.ts";
import { readPauses } from "./pauses.ts";
import { readStop } from "./record.ts";
import { currentRun, endOf, listRuns, readRun, type RunList, unlessBad } from "./records.ts";
import { finder } from "./run_ids.ts";
import { exitOf } from "./signals.ts";
import { isTimedOut, outcome, WITHOUT_RECORD } from "./state.ts";
import type { EndEvent, TaskEvent } from "./task_event.ts";
import { registeredInode, registeredTasks } from "./task.ts";
import { keptUsage } from "./usage.ts";

/** After how many milliseconds to look again for changes that inotify does not report, such as the death of a launcher or an agent. */
const AGAIN = 1000;

/** How often to look at the runs of a namespace that systemd keeps, in milliseconds. */
const GLANCE = 5000;

/** How often the file of pauses of a run is read in one look. */
const ROUNDS = 20;

/**
 * Finds out the events of the runs of a namespace. A run has a greater id than the runs of its task
 * before it, and its record stays when it is over: thus each run is reported once, however short it
 * was.
 */
export class RunTracker {
  readonly #live = new Map<string, LiveRun>();
  /** The last run of each task that was reported, or will not be. */
  #last = new Map<string, string>();
  /** The same for runs of version 1.1.0. */
  readonly #former = new Map<string, string>();
  /** The tasks to look at again, and when, by performance.now(). */
  readonly #due = new Map<string, number>();
  /** The registered cgroups without a record, by task. */
  readonly #expected = new Map<string, number>();
  #list: RunList;
  /** When all runs were looked at, by performance.now(). */
  #glanced = performance.now();

  constructor(private readonly namespace: Namespace) {
    this.#list = listRuns(namespace.namespace);
    for (const [task, runs] of this.#list.runs) this.#last.set(task, runs.at(-1) ?? "");
    for (const task of this.#list.former) {
      const found = unlessBad(() => currentRun(namespace.namespace, task, undefined));
      if (found !== undefined) this.#former.set(task, found.record.run);
    }
  }

  /** Reports a task that runs when this begins, and has a registered cgroup. */
  *present(task: string, isPaused: () => boolean): Generator<TaskEvent> {
    const inode = registeredInode(this.namespace.namespace, task);
    if (inode === undefined || !this.#isTaskPopulated(task)) return;
    const read = () => unlessBad(() => currentRun(this.namespace.namespace, task, inode));
    let found = read();
    if (found === undefined) {
      const hasStarted = hasCommandStarted(trackingCgroup(this.namespace, task));
      // The record is complete before the command is executed.
      found = read();
      if (found === undefined && !hasStarted) return this.#expectLast(task, inode);
    }
    if (found?.status.executed === false) return this.#expectLast(task, inode);
    const run = found?.record.run ?? String(inode);
    if (found !== undefined) this.#markReported(task, run);
    const live: LiveRun = { run, inode, found: found && short(found), paused: 0 };
    this.#live.set(task, live);
    // Earlier pauses are not reported: the state of the task tells the last of them.
    for (const _ of this.#pauses(task, live)) continue;
    const at = found?.record.started ?? Date.now();
    yield {
      event: "present",
      task,
      run,
      ...about(live),
      at,
      state: isPaused() ? "paused" : "running",
      ...exitOf(found?.status.code),
    };
  }

  /**
   * Reports the events of tasks since the last look.
   *
   * @param tasks The tasks that may have changed; undefined if any may have.
   */
  *look(tasks: Iterable<string> | undefined): Generator<TaskEvent> {
    const now = performance.now();
    const due = [...this.#due].filter(([, at]) => at <= now).map(([task]) => task);
    for (const task of due) this.#due.delete(task);
    if (now >= this.#glance) {
      this.#glanced = now;
      for (const [task, live] of this.#live) if (live.empty === undefined) due.push(task);
    }
    const looked = new Set([...tasks ?? this.#all(), ...due]);
    for (const task of this.#update()) looked.add(task);
    for (const task of looked) yield* this.#look(task);
  }

  *#all(): Generator<string> {
    yield* this.#live.keys();
    yield* this.#due.keys();
    // Runs that version 1.1.0 starts are not in the list of runs.
    const { namespace, boot } = this.namespace;
    if (boot === undefined) yield* unlessGone(() => registeredTasks(namedRoot(namespace)), []);
  }

  /** Returns the time until `look` has to be called without a change, in milliseconds. */
  due(): number {
    const now = performance.now();
    return Math.max(0, Math.min(this.#glance, ...this.#due.values()) - now);
  }

  /** When to look at all runs that are not over, by performance.now(): only where systemd keeps the namespace, for there a cgroup without a process stays if its shim was killed. */
  get #glance(): number {
    const isNeeded = this.namespace.keeper === "systemd" && this.#live.size > 0;
    return isNeeded ? this.#glanced + GLANCE : Infinity;
  }

  /** Lists the runs. Returns the tasks that have new ones. */
  #update(): string[] {
    const list = listRuns(this.namespace.namespace);
    if (list === this.#list) return [];
    this.#list = list;
    const last = new Map<string, string>();
    const changed: string[] = [];
    for (const [task, runs] of list.runs) {
      const known = this.#last.get(task);
      if (known !== undefined) last.set(task, known);
      if ((runs.at(-1) ?? "") > (known ?? "")) changed.push(task);
    }
    // Tasks without a record are dropped here, too, except for those whose run is still reported on.
    for (const [task, { run, found }] of this.#live) {
      if (found !== undefined && !isFormer(found) && !last.has(task)) last.set(task, run);
    }
    this.#last = last;
    for (const task of this.#former.keys()) {
      if (!list.former.has(task)) this.#former.delete(task);
    }
    // One of these may have ended before anybody looks.
    for (const task of list.former) if (!this.#former.has(task)) changed.push(task);
    return changed;
  }

  *#look(task: string): Generator<TaskEvent> {
    const { namespace } = this.namespace;
    const live = this.#live.get(task);
    if (live !== undefined) {
      const over = this.#isOver(task, live);
      yield* this.#pauses(task, live);
      if (!over) return;
      this.#live.delete(task);
      yield this.#end(task, live);
    }
    const runs = this.#list.runs.get(task) ?? [];
    const last = this.#last.get(task) ?? "";
    for (const run of runs.slice(runs.findLastIndex((run) => run <= last) + 1)) {
      if (!(yield* this.#begin(task, run, run === runs.at(-1)))) return;
    }
    if (this.#live.has(task)) return;
    const inode = registeredInode(namespace, task);
    if (this.#list.former.has(task)) yield* this.#beginFormer(task, inode);
    if (inode === undefined) this.#expected.delete(task);
    else if (!this.#live.has(task) && live?.inode !== inode) this.#expect(task, inode);
  }

  /** Reports a new run, if its command was executed. Returns false if it is still being launched. */
  *#begin(task: string, run: string, isLast: boolean): Generator<TaskEvent, boolean> {
    const { namespace } = this.namespace;
    const read = () => unlessBad(() => readRun(namespace, task, run));
    let found = read();
    // Its first process says that it executes the command, and may fail to do so.
    const isBeingStarted = () =>
      seemsBeingStarted(namespace, task) ?? !finder(namespace, task)()?.status.executed;
    if (!found?.status.executed || isLast && isBeingStarted()) {
      if (isLast && registeredInode(namespace, task) !== undefined) {
        this.#lookAgain(task);
        return false;
      }
      // The launch is over by now: the status that is read after this is final.
      found = read();
    }
    this.#markReported(task, run);
    if (!found?.status.executed) return true;
    yield* this.#report(task, { run, inode: found.record.inode, found: short(found), paused: 0 });
    return true;
  }

  /** Reports a run of version 1.1.0, which replaces the record of the run before. */
  *#beginFormer(task: string, inode: number | undefined): Generator<TaskEvent> {
    const found = unlessBad(() => currentRun(this.namespace.namespace, task, inode));
    if (found === undefined || !isFormer(found)) return;
    const { run, inode: own } = found.record;
    if (this.#former.get(task) === run) return;
    this.#former.set(task, run);
    yield* this.#report(task, { run, inode: own, found: short(found), paused: 0 });
  }

  /** Reports a run that has started, and its end if it is over. */
  *#report(task: string, live: LiveRun): Generator<TaskEvent> {
    this.#live.set(task, live);
    this.#due.delete(task);
    const at = live.found?.record.started ?? Date.now();
    yield { event: "start", task, run: live.run, ...about(live), at };
    yield* this.#pauses(task, live);
    if (!this.#isOver(task, live)) return;
    // It may have been paused, and have ended, since its pauses were read.
    yield* this.#pauses(task, live);
    this.#live.delete(task);
    yield this.#end(task, live);
  }

  *#pauses(task: string, live: LiveRun): Generator<TaskEvent> {
    if (live.found === undefined) return;
    // The owner may write faster than this reads: other tasks must have their turn.
    for (let round = 0; round < ROUNDS; round++) {
      const { pauses, next } = readPauses(live.found.directory, live.paused);
      for (const { what, at } of pauses) {
        yield { event: what, task, run: live.run, ...about(live), at };
      }
      if (next === live.paused) return;
      live.paused = next;
    }
    this.#lookAgain(task);
  }

  #markReported(task: string, run: string): void {
    if (run > (this.#last.get(task) ?? "")) this.#last.set(task, run);
  }

  /** Returns whether a run is over, even if the release agent is late or was killed. */
  #isOver(task: string, live: LiveRun): boolean {
    if (registeredInode(this.namespace.namespace, task) !== live.inode) return true;
    if (this.#isTaskPopulated(task)) {
      delete live.empty;
      return false;
    }
    live.empty ??= performance.now();
    if (performance.now() - live.empty >= AGAIN) return true;
    this.#lookAgain(task);
    return false;
  }

  /** Looks again at a task that is being launched, and may have no complete record yet. */
  #expectLast(task: string, inode: number): void {
    const runs = this.#list.runs.get(task) ?? [];
    const last = runs.at(-1);
    if (last !== undefined) {
      const found = unlessBad(() => readRun(this.namespace.namespace, task, last));
      const isLaunched = found === undefined || found.record.inode === inode;
      if (isLaunched) this.#last.set(task, runs.at(-2) ?? "");
    }
    this.#lookAgain(task);
  }

  /** Returns true also if it cannot be found out, so that no end is reported. */
  #isTaskPopulated(task: string): boolean {
    return unlessBad(() => isTaskPopulated(this.namespace.namespace, task)) ?? true;
  }

  /** Looks again at a task without a record: its launcher may be killed before it notifies watchers. */
  #expect(task: string, inode: number): void {
    if (this.#expected.get(task) === inode) return;
    this.#expected.set(task, inode);
    this.#lookAgain(task);
  }

  #lookAgain(task: string): void {
    const due = performance.now() + AGAIN;
    this.#due.set(task, Math.min(due, this.#due.get(task) ?? due));
  }

  #end(task: string, live: LiveRun): EndEvent {
    const { run, found } = live;
    const { namespace } = this.namespace;
    // The record of the version before is replaced by the next one.
    const now = found && unlessBad(() => again(namespace, task, found));
    const usage = found && keptUsage(this.namespace, found.record);
    const timedOut = now !== undefined && isTimedOut(now);
    const how = now === undefined
      ? WITHOUT_RECORD
      : outcome(undefined, now.status.code, usage ?? null, timedOut);
    const stopped = (now && readStop(now.directory)) ?? null;
    const at = (now && endOf(now)) ?? Date.now();
    return { event: "end", task, run, ...about(live), at, ...how, timedOut, stopped };
  }
}
