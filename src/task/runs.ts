import { unlessGone } from "../cgroup/cgroup.ts";
import { NotInitialised } from "../cli/errors.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { printable } from "../cli/printable.ts";
import type { Entry } from "./journal.ts";
import { runDirectory } from "./places.ts";
import { readRun, readStatus, readStop, type RunRecord, type StopRecord } from "./record.ts";
import { outcome, type TaskState } from "./state.ts";
import { identity } from "./task.ts";
import { keptUsage } from "./usage.ts";
import { isSignal } from "./signals.ts";

/** What has become of a task. Times are in milliseconds since 1970. */
export type TaskEvent =
  /** All that run now have been told of. */
  | { event: "ready"; at: number }
  /** It runs since `at`. */
  | { event: "present"; task: string; run: number; at: number; state: "running" | "paused" }
  | { event: "start" | "pause" | "resume"; task: string; run: number; at: number }
  | EndEvent;

/** A run is over: its last process has ended. */
export type EndEvent =
  & { event: "end"; task: string; run: number; at: number }
  & Pick<TaskState, "state" | "why" | "code" | "signal" | "stopped">;

/** How long what is missing in the journal may take to arrive, in milliseconds. */
const LATE = 1000;

/** How many runs that are over are remembered, to tell late words of them. */
const REMEMBERED = 10_000;

/** A run that is not over. */
interface Live {
  started: number;
  status?: number;
  stopped?: StopRecord;
}

/** What is known of the runs of a namespace, and what follows from a word or a look. */
export class Runs {
  readonly #live = new Map<string, Map<number, Live>>();
  readonly #over = new Set<number>();
  /** Runs that are seen, but not written of, and when to believe it. */
  readonly #doubtful = new Map<number, { task: string; due: number; status?: number }>();

  constructor(private readonly namespace: Namespace) {}

  /** One that runs when all begins. */
  *present(task: string, isPaused: () => boolean): Generator<TaskEvent> {
    const run = this.#identity(task);
    if (run === undefined) return;
    const at = this.#recordOf(task, run)?.started ?? Date.now();
    this.#add(task, run, at);
    yield { event: "present", task, run, at, state: isPaused() ? "paused" : "running" };
  }

  /** Hears what has been written down. */
  *hear(entry: Entry): Generator<TaskEvent> {
    const { run, task } = entry;
    const live = this.#live.get(task)?.get(run);
    switch (entry.what) {
      case "start":
        if (live === undefined && !this.#over.has(run)) yield* this.#start(task, run, entry.at);
        yield* this.#look(task);
        break;
      case "exit":
        if (live !== undefined) live.status = entry.status;
        else if (!this.#over.has(run)) {
          this.#doubtful.set(run, { task, due: performance.now() + LATE, status: entry.status });
        }
        break;
      case "stop":
        if (live !== undefined && isSignal(entry.signal)) {
          live.stopped ??= { by: printable(entry.by), signal: entry.signal, at: entry.at };
        }
        break;
      default:
        if (live !== undefined) yield { event: entry.what, task, run, at: entry.at };
    }
  }

  /**
   * Looks whether runs are over, or one is there that nobody has written of; and believes
   * what has been in doubt for long.
   *
   * @param listed The tasks that have a cgroup.
   * @param closely Whether to look at those too of which another run would be written down.
   */
  *lookAround(listed: ReadonlySet<string>, closely: boolean): Generator<TaskEvent> {
    for (const task of this.#live.keys()) {
      if (closely || !listed.has(task)) yield* this.#look(task);
    }
    for (const task of listed) if (!this.#live.has(task)) yield* this.#look(task);
    yield* this.#believe();
  }

  *#look(task: string): Generator<TaskEvent> {
    const current = this.#identity(task);
    const runs = this.#live.get(task);
    for (const [run, live] of runs ?? []) {
      if (run !== current) yield this.#end(task, run, live);
    }
    if (current === undefined || runs?.has(current) || this.#doubtful.has(current)) return;
    this.#doubtful.set(current, { task, due: performance.now() + LATE });
  }

  /** How long nothing has to be done, in milliseconds. */
  due(): number {
    let due = Infinity;
    for (const doubtful of this.#doubtful.values()) due = Math.min(due, doubtful.due);
    return due === Infinity ? due : Math.max(0, due - performance.now());
  }

  /** What has been in doubt for long: `run` was killed before it had written down the start. */
  *#believe(): Generator<TaskEvent> {
    for (const [run, { task, due, status }] of this.#doubtful) {
      if (due > performance.now()) continue;
      this.#doubtful.delete(run);
      if (this.#over.has(run) || this.#live.get(task)?.has(run)) continue;
      // What has left no record did not come to be, or was not executed.
      const record = this.#recordOf(task, run);
      if (record === undefined) continue;
      yield* this.#start(task, run, record.started, status);
      yield* this.#look(task);
    }
  }

  *#start(task: string, run: number, at: number, known?: number): Generator<TaskEvent> {
    const status = known ?? this.#doubtful.get(run)?.status;
    this.#doubtful.delete(run);
    this.#add(task, run, at, status);
    yield { event: "start", task, run, at };
  }

  #add(task: string, run: number, started: number, status?: number): void {
    let runs = this.#live.get(task);
    if (runs === undefined) this.#live.set(task, runs = new Map());
    runs.set(run, status === undefined ? { started } : { started, status });
  }

  #end(task: string, run: number, live: Live): EndEvent {
    const runs = this.#live.get(task);
    if (runs?.delete(run) && runs.size === 0) this.#live.delete(task);
    this.#over.add(run);
    for (const oldest of this.#over) {
      if (this.#over.size <= REMEMBERED) break;
      this.#over.delete(oldest);
    }
    const { namespace } = this.namespace;
    const directory = runDirectory(namespace, task);
    const record = this.#recordOf(task, run);
    const recorded = record !== undefined;
    const status = live.status ?? (recorded ? readStatus(directory) : undefined);
    const stopped = live.stopped ?? (recorded ? readStop(directory) : undefined) ?? null;
    const how = outcome(undefined, status, keptUsage(namespace, task, record ?? live) ?? null);
    const ended = () => Deno.statSync(`${directory}/ended`).mtime?.getTime() ?? Date.now();
    const at = recorded && status !== undefined ? unlessGone(ended, Date.now()) : Date.now();
    return { event: "end", task, run, at, ...how, stopped };
  }

  #recordOf(task: string, run: number): RunRecord | undefined {
    try {
      const record = readRun(this.namespace.namespace, task);
      return record?.run === run ? record : undefined;
    } catch {
      return undefined;
    }
  }

  /** A namespace that has been released runs nothing; of what cannot be found out it is not said that it ended. */
  #identity(task: string): number | undefined {
    try {
      return identity(this.namespace.namespace, task);
    } catch (error) {
      if (error instanceof NotInitialised) return undefined;
      const [run] = this.#live.get(task)?.keys() ?? [];
      return run;
    }
  }
}
