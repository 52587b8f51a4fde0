import type { Labels } from "./labels.ts";
import type { TaskState } from "./state.ts";

/** An event in the life of a task, as `events` reports it. Times are in milliseconds since 1970. */
export type TaskEvent =
  /** All tasks that run now have been reported. */
  | { event: "ready"; at: number }
  | LostEvent
  /** It runs since `at`. Its command may have ended, and a child of it go on. */
  | EventOf<"present"> & Pick<TaskState, "code" | "signal"> & { state: "running" | "paused" }
  | EventOf<"start" | "pause" | "resume">
  | EndEvent;

/** An event of a run. */
interface EventOf<E extends string> {
  /** What has happened. */
  event: E;
  /** The name of the task. */
  task: string;
  /** The id of the run. */
  run: string;
  /** The process id of its command; null if that is not known. */
  pid: number | null;
  /** The labels of the run. */
  labels: Labels;
  /** When it has happened. */
  at: number;
}

/** The run that began at `at` was under way when the host went down; its labels are known if it was started with `run --once`. */
export type LostEvent = EventOf<"lost">;

/** A run is over: its last process has ended. */
export type EndEvent =
  & EventOf<"end">
  & Pick<TaskState, "state" | "why" | "code" | "signal" | "timedOut" | "stopped">;
