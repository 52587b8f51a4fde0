import type { Labels } from "./labels.ts";
import type { TaskState } from "./state.ts";

/** An event in the life of a task, as `events` reports it. Times are in milliseconds since 1970. */
export type TaskEvent =
  /** All tasks that run now have been reported. */
  | { event: "ready"; at: number }
  | LostEvent
  /** It runs since `at`. Its command may have ended, and a child of it go on. */
  | (
    & {
      event: "present";
      task: string;
      run: string;
      pid: number | null;
      labels: Labels;
      at: number;
      state: "running" | "paused";
    }
    & Pick<TaskState, "code" | "signal">
  )
  | {
    event: "start" | "pause" | "resume";
    task: string;
    run: string;
    pid: number | null;
    labels: Labels;
    at: number;
  }
  | EndEvent;

/** The run that began at `at` was under way when the host went down; its labels are known if it was started with `run --once`. */
export interface LostEvent {
  /** What has happened. */
  event: "lost";
  /** The name of the task. */
  task: string;
  /** The id of the run. */
  run: string;
  /** The process id of its command; null if that is not known. */
  pid: number | null;
  /** The labels of the run. */
  labels: Labels;
  /** The start time. */
  at: number;
}

/** A run is over: its last process has ended. */
export type EndEvent =
  & { event: "end"; task: string; run: string; pid: number | null; labels: Labels; at: number }
  & Pick<TaskState, "state" | "why" | "code" | "signal" | "timedOut" | "stopped">;
