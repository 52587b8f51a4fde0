import { unlessGone } from "../cgroup/cgroup.ts";
import type { Namespace } from "../namespace/description.ts";
import { namedRoot, trackingCgroup } from "../namespace/paths.ts";
import { hasCommandStarted } from "./command_start.ts";
import { isTaskPopulated } from "./population.ts";
import { readPauses, readStop } from "./record.ts";
import {
  currentRun,
  endOf,
  listRuns,
  readRun,
  type RecordedRun,
  type RunList,
  unlessBad,
} from "./records.ts";
import { outcome, type TaskState } from "./state.ts";
import { registeredInode, registeredTasks } from "./task.ts";
import { keptUsage } from "./usage.ts";

/** What has become of a task. Times are in milliseconds since 1970. */
export type TaskEvent =
  /** All that run now have been told of. */
  | { event: "ready"; at: number }
  /** It was begun at `at`, and ran when the host went down. */
  | { event: "lost"; task: string; run: string; at: number }
  /** It runs since `at`. */
  | { event: "present"; task: string; run: string; at: number; state: "running" | "paused" }
  | { event: "start" | "pause" | "resume"; task: string; run: string; at: number }
  | EndEvent;

/** A run is over: its last process has ended. */
export type EndEvent =
  & { event: "end"; task: string; run: string; at: number }
  & Pick<TaskState, "state" | "why" | "code" | "signal" | "stopped">;

/** When to look again at what nobody need tell of, in milliseconds: that a launcher was killed, or an agent. */
const AGAIN = 1000;

/** A run that is not over. */
interface Live {
  run: string;
  /** The inode of its registered cgroup. */
  cgroup: number;
  /** What was on record of it. */
  found: RecordedRun | undefined;
  /** How much of its pauses has been told, in bytes. */
  paused: number;
  /** Since when it has had no process, though its cgroup is there. */
  empty?: number;
}

/**
 * What is known of the runs of a namespace, and what follows from a look at some of its tasks.
 * Each run has an id that is greater than those of the runs of its task before it, and stays on
 * record when it is over: so each is told once, however short it was.
 */
export class RunTracker {
  readonly #live = new Map<string, Live>();
  /** The last run of each task that has been dealt with. */
  #last = new Map<string, string>();
  /** The same of those of the version before. */
  readonly #former = new Map<string, string>();
  /** What is to be looked at again, and when. */
  readonly #due = new Map<string, number>();
  /** The registered cgroups of which nothing was on record. */
  readonly #expected = new Map<string, number>();
  #list: RunList;

  constructor(private readonly namespace: Namespace) {
    this.#list = listRuns(namespace.namespace);
    for (const [task, runs] of this.#list.runs) this.#last.set(task, runs.at(-1) ?? "");
    for (const task of this.#list.former) {
      const found = unlessBad(() => currentRun(namespace.namespace, task, undefined));
      if (found !== undefined) this.#former.set(task, found.record.run);
    }
  }

  /** One that has a registered cgroup when all begins. */
  *present(task: string, isPaused: () => boolean): Generator<TaskEvent> {
    const cgroup = registeredInode(this.namespace.namespace, task);
    if (cgroup === undefined || !this.#isTaskPopulated(task)) return;
    const found = unlessBad(() => currentRun(this.namespace.namespace, task, cgroup));
    if (found === undefined && !hasCommandStarted(trackingCgroup(this.namespace, task))) return;
    if (found?.status.executed === false) {
      this.#last.set(
        task,
        this.#list.runs.get(task)?.findLast((id) => id < found.record.run) ?? "",
      );
      return void this.#lookAgain(task);
    }
    const run = found?.record.run ?? String(cgroup);
    if (found !== undefined) this.#deal(task, run);
    const live: Live = { run, cgroup, found, paused: 0 };
    this.#live.set(task, live);
    // What was before is in its state.
    for (const _ of this.#pauses(task, live)) continue;
    const at = found?.record.started ?? Date.now();
    yield { event: "present", task, run, at, state: isPaused() ? "paused" : "running" };
  }

  /**
   * Looks at tasks of which something may have become.
   *
   * @param tasks Them; if that is not known, all are looked at.
   */
  *look(tasks: Iterable<string> | undefined): Generator<TaskEvent> {
    const now = performance.now();
    const due = [...this.#due].filter(([, at]) => at <= now).map(([task]) => task);
    for (const task of due) this.#due.delete(task);
    const looked = new Set([...tasks ?? this.#all(), ...due]);
    for (const task of this.#update()) looked.add(task);
    for (const task of looked) yield* this.#look(task);
  }

  *#all(): Generator<string> {
    yield* this.#live.keys();
    yield* this.#due.keys();
    // The version before leaves nothing to see of those that it launches there.
    const { namespace, boot } = this.namespace;
    if (boot === undefined) yield* unlessGone(() => registeredTasks(namedRoot(namespace)), []);
  }

  /** How long nothing has to be done, in milliseconds. */
  due(): number {
    return Math.max(0, Math.min(...this.#due.values()) - performance.now());
  }

  /** Lists the runs. Returns the tasks of which there are new ones. */
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
    // What is not on record any more is forgotten here, too; but no run comes twice.
    for (const [task, { run, found }] of this.#live) {
      if (found !== undefined && !isFormer(found) && !last.has(task)) last.set(task, run);
    }
    this.#last = last;
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
    for (const run of runs.slice(this.#firstNew(task, runs))) {
      if (!(yield* this.#begin(task, run, run === runs.at(-1)))) return;
    }
    if (this.#live.has(task)) return;
    const cgroup = registeredInode(namespace, task);
    if (this.#list.former.has(task)) yield* this.#beginFormer(task, cgroup);
    if (cgroup === undefined) this.#expected.delete(task);
    else if (!this.#live.has(task) && live?.cgroup !== cgroup) this.#expect(task, cgroup);
  }

  #firstNew(task: string, runs: readonly string[]): number {
    const last = this.#last.get(task) ?? "";
    let first = runs.length;
    while (first > 0 && (runs[first - 1] ?? "") > last) first--;
    return first;
  }

  /** Returns whether it has been dealt with. */
  *#begin(task: string, run: string, isLast: boolean): Generator<TaskEvent, boolean> {
    const { namespace } = this.namespace;
    const read = () => unlessBad(() => readRun(namespace, task, run));
    let found = read();
    if (!found?.status.executed) {
      if (isLast && registeredInode(namespace, task) !== undefined) {
        this.#lookAgain(task);
        return false;
      }
      // In this order: whoever was to execute it is gone.
      found = read();
    }
    this.#deal(task, run);
    if (!found?.status.executed) return true;
    yield* this.#tell(task, { run, cgroup: found.record.cgroup, found, paused: 0 });
    return true;
  }

  /** What the version before has launched, and it has put into the place of its last record. */
  *#beginFormer(task: string, cgroup: number | undefined): Generator<TaskEvent> {
    const found = unlessBad(() => currentRun(this.namespace.namespace, task, cgroup));
    if (found === undefined || !isFormer(found)) return;
    const { run, cgroup: own } = found.record;
    if (this.#former.get(task) === run) return;
    this.#former.set(task, run);
    yield* this.#tell(task, { run, cgroup: own, found, paused: 0 });
  }

  /** Tells of a run that has begun, and may be over. */
  *#tell(task: string, live: Live): Generator<TaskEvent> {
    yield* this.#start(task, live);
    if (!this.#isOver(task, live)) return;
    // It may have been paused, and have ended, since that was read.
    yield* this.#pauses(task, live);
    this.#live.delete(task);
    yield this.#end(task, live);
  }

  *#start(task: string, live: Live): Generator<TaskEvent> {
    this.#live.set(task, live);
    this.#due.delete(task);
    const at = live.found?.record.started ?? Date.now();
    yield { event: "start", task, run: live.run, at };
    yield* this.#pauses(task, live);
  }

  *#pauses(task: string, live: Live): Generator<TaskEvent> {
    if (live.found === undefined) return;
    for (;;) {
      const { pauses, next } = readPauses(live.found.directory, live.paused);
      for (const { what, at } of pauses) yield { event: what, task, run: live.run, at };
      if (next === live.paused) return;
      live.paused = next;
    }
  }

  #deal(task: string, run: string): void {
    if (run > (this.#last.get(task) ?? "")) this.#last.set(task, run);
  }

  /** Whether a run is over; the release agent may be late, or have been killed. */
  #isOver(task: string, live: Live): boolean {
    if (registeredInode(this.namespace.namespace, task) !== live.cgroup) return true;
    if (this.#isTaskPopulated(task)) {
      delete live.empty;
      return false;
    }
    live.empty ??= performance.now();
    if (performance.now() - live.empty >= AGAIN) return true;
    this.#lookAgain(task);
    return false;
  }

  /** Of what cannot be found out it is not said that it ended. */
  #isTaskPopulated(task: string): boolean {
    return unlessBad(() => isTaskPopulated(this.namespace.namespace, task)) ?? true;
  }

  /** Looks once more when its record should be there: its launcher may be killed before it tells. */
  #expect(task: string, cgroup: number): void {
    if (this.#expected.get(task) === cgroup) return;
    this.#expected.set(task, cgroup);
    this.#lookAgain(task);
  }

  #lookAgain(task: string): void {
    const due = performance.now() + AGAIN;
    this.#due.set(task, Math.min(due, this.#due.get(task) ?? due));
  }

  #end(task: string, { run, found }: Live): EndEvent {
    const { namespace } = this.namespace;
    // The record of the version before is replaced by the next one.
    const now = found && unlessBad(() => again(namespace, task, found));
    const usage = found && keptUsage(namespace, found.record);
    const how = outcome(undefined, now?.status.code, usage ?? null);
    const stopped = (now && readStop(now.directory)) ?? null;
    const at = (now && endOf(now)) ?? Date.now();
    return { event: "end", task, run, at, ...how, stopped };
  }
}

function again(namespace: string, task: string, old: RecordedRun): RecordedRun | undefined {
  const { run, cgroup } = old.record;
  if (!isFormer(old)) return readRun(namespace, task, run);
  const found = currentRun(namespace, task, undefined);
  return found?.record.cgroup === cgroup ? found : undefined;
}

/** Whether the version before has launched it: then its run has no other id than its cgroup's. */
function isFormer({ record }: RecordedRun): boolean {
  return record.run === String(record.cgroup);
}
