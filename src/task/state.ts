import type { Limits } from "../cgroup/limits.ts";
import type { Namespace } from "../namespace/description.ts";
import type { ChosenRun } from "./choose_run.ts";
import { sinceBoot } from "./clock.ts";
import { outputSize } from "./output_size.ts";
import { readStop, type StopRecord } from "./record.ts";
import { endOf, type RecordedRun } from "./records.ts";
import type { Labels } from "./labels.ts";
import { timeOf } from "./run_id.ts";
import { startOfRun } from "./start.ts";
import { exitOf, type Signal } from "./signals.ts";
import type { StopManner } from "./stop_manner.ts";
import { readTimedOut, type TimeLimit } from "./time_limit.ts";
import { keptUsage, type Usage } from "./usage.ts";

/** The states of a task. */
export const STATES = [
  "running",
  "paused",
  "exited",
  "killed",
  "timed out",
  "out of memory",
  "lost",
  "unknown",
] as const;

/** A state of a task. */
export type State = typeof STATES[number];

/** The state of a task and of its run, as `status` shows it. */
export interface TaskState {
  /** Its namespace. */
  namespace: string;
  /** Its name. */
  task: string;
  /** The id of the run; null if there is no record of it. */
  run: string | null;
  /** The process id of its command; null if that is not known. */
  pid: number | null;
  /** The labels of the run. */
  labels: Labels;
  /** What has become of it. */
  state: State;
  /** Why that is not known, if it is not. */
  why: string | null;
  /** The exit status of its first process, if that has exited. */
  code: number | null;
  /** The signal that its first process died of, if it did. */
  signal: Signal | null;
  /** Whether its time limit has ended it, or is ending it. */
  timedOut: boolean;
  /** The request to stop it, if there was one. */
  stopped: StopRecord | null;
  /** The start time, in milliseconds since 1970. */
  started: number | null;
  /** The time when its first process ended, in milliseconds since 1970. */
  ended: number | null;
  /** The time from the start to the end, or until now, in milliseconds. */
  duration: number | null;
  /** The command and its arguments. */
  command: string[] | null;
  /** The working directory at the start. */
  directory: string | null;
  /** The absolute path of the log; null if the command kept its caller's standard output. */
  log: string | null;
  /** The absolute path of the file for the standard error; null if that goes where the output goes. */
  stderr: string | null;
  /** The most bytes that are kept of each of these; null if all is kept. */
  logMax: number | null;
  /** The size of the log in bytes, without what was dropped; null if it is not known. */
  logSize: number | null;
  /** The same of the file for the standard error. */
  stderrSize: number | null;
  /** The limits that are in force, or were at its end. */
  limits: Limits;
  /** How it is to be stopped, as its starter has said. */
  stop: StopManner;
  /** Whether it is to be the only run of its task. */
  once: boolean;
  /** Its time limit. */
  timeout: TimeLimit | null;
  /** The number of its processes. */
  processes: number;
  /** The resources that it uses or has used; null if that is not known. */
  usage: Usage | null;
}

/** What has become of a run. */
type Outcome = Pick<TaskState, "state" | "why" | "code" | "signal">;

/** What is known of a run that is under way, beside its record. */
export interface Present {
  /** Whether its processes may go on. */
  state: "running" | "paused";
  /** How many processes it has. */
  processes: number;
  /** The resources that it uses. */
  usage: Usage;
}

/** Returns the state of a run from what was found of it. */
export function conclude(
  namespace: Namespace,
  task: string,
  { run, found, lost }: ChosenRun,
  present?: Present,
): TaskState {
  const record = found?.record;
  const usage = present?.usage ?? usageAtEnd(namespace, found) ?? null;
  const timedOut = found !== undefined && isTimedOut(found);
  return {
    namespace: namespace.namespace,
    task,
    run,
    pid: record?.pid ?? null,
    labels: record?.labels ?? {},
    ...(lost ? LOST : outcome(present?.state, found?.status.code, usage, timedOut)),
    timedOut,
    stopped: (found && readStop(found.directory)) ?? null,
    started: record?.started ?? (lost && run !== null ? timeOf(run) : null),
    ended: found === undefined ? null : endOf(found),
    duration: found === undefined ? null : durationOf(namespace.namespace, found, present),
    command: record?.command ?? null,
    directory: record?.directory ?? null,
    log: record?.log ?? null,
    stderr: record?.stderr ?? null,
    logMax: record?.logMax ?? null,
    logSize: outputSize(found, "log"),
    stderrSize: outputSize(found, "stderr"),
    limits: record?.limits ?? {},
    stop: record?.stop ?? {},
    once: record?.once === true,
    timeout: record?.timeout ?? null,
    processes: present?.processes ?? 0,
    usage,
  };
}

function usageAtEnd(namespace: Namespace, found: RecordedRun | undefined): Usage | undefined {
  // The counters of a run of which only the mark is left are gone; another may have its number.
  return found && found.left === undefined ? keptUsage(namespace, found.record) : undefined;
}

/** Returns whether the time limit of a run has ended it, or is ending it. */
export function isTimedOut({ directory, record, left }: RecordedRun): boolean {
  // Of a run of which only the mark is left it is not known.
  return record.timeout !== undefined && left === undefined && readTimedOut(directory);
}

/**
 * Returns the time from the start to the end, or until now, in milliseconds: by the time since boot,
 * or by the wall clock if the record does not have the former.
 */
function durationOf(namespace: string, found: RecordedRun, present?: Present): number | null {
  const { record, status } = found;
  const ended = endOf(found);
  if (present === undefined && ended === null) return null;
  const born = startOfRun(namespace, record);
  const until = present === undefined ? status.uptime : sinceBoot();
  const duration = born === undefined || until === undefined
    ? (present === undefined ? ended ?? 0 : Date.now()) - record.started
    : until - born;
  return Math.max(0, Math.round(duration));
}

/** The outcome of a run of which it is not known how its first process has ended. */
function unknown(state: State, why: string): Outcome {
  return { state, why, code: null, signal: null };
}

/** The outcome of a run that ran when the host went down. */
const LOST = unknown("lost", "the host went down while it ran");

/** The outcome of a run whose record was removed, or cannot be read any more. */
export const WITHOUT_RECORD = unknown("unknown", "its record is gone");

/**
 * Returns the state of a task.
 *
 * @param live Whether the task is running or paused; undefined if it has ended.
 * @param status The exit status that its shim has written, as a shell gives it: 128 + n for signal n.
 * @param usage The usage of the task, by which "killed" is told from "out of memory".
 * @param timedOut Whether its time limit has ended it.
 */
export function outcome(
  live: "running" | "paused" | undefined,
  status: number | undefined,
  usage: Pick<Usage, "oomKills"> | null,
  timedOut = false,
): Outcome {
  const { code, signal } = exitOf(status);
  const how = { why: null, code, signal };
  if (live !== undefined) return { ...how, state: live };
  if (timedOut) return { ...how, state: "timed out" };
  if (status === undefined) {
    return { ...how, state: "unknown", why: "its shim was killed before it could tell" };
  }
  if (signal === null) return { ...how, state: "exited" };
  const starved = signal === "SIGKILL" && (usage?.oomKills ?? 0) > 0;
  return { ...how, state: starved ? "out of memory" : "killed" };
}
