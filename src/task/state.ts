import { Failed } from "../cli/errors.ts";
import { isFrozen } from "../cgroup/freezer.ts";
import type { Limits } from "../cgroup/limits.ts";
import type { Namespace } from "../namespace/description.ts";
import { trackingCgroup } from "../namespace/paths.ts";
import { sinceBoot } from "./clock.ts";
import { readStop, type StopRecord } from "./record.ts";
import { currentRun, endOf, type RecordedRun } from "./records.ts";
import type { Labels } from "./labels.ts";
import { lostRuns } from "./host_crash.ts";
import { timeOf } from "./run_id.ts";
import { startOfRun } from "./start.ts";
import { exitOf, type Signal } from "./signals.ts";
import type { StopManner } from "./stop_manner.ts";
import { readTimedOut, type TimeLimit } from "./time_limit.ts";
import { identity, taskProcesses } from "./task.ts";
import { keptUsage, type Usage, usageReader } from "./usage.ts";

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

/** The data of a task from which `conclude` makes its state, without its usage. */
export interface Sighting {
  /** Its namespace. */
  namespace: Namespace;
  /** Its name. */
  task: string;
  /** Whether it is running or paused; undefined if it has ended. */
  live: "running" | "paused" | undefined;
  /** The recorded run, if there is one. */
  found: RecordedRun | undefined;
  /** The request to stop it, if there was one. */
  stopped: StopRecord | null;
  /** How many processes it has. */
  processes: number;
  /** The id of the run, if it ran when the host went down. */
  lost?: string;
}

/**
 * Returns the state of a task; undefined if nothing is known of it.
 *
 * @param warn Called with a message if the task runs, and its record cannot be read.
 * @throws {Failed} if it cannot be found out.
 */
export function taskState(namespace: Namespace, task: string, warn: Warn): TaskState | undefined {
  const cgroup = identity(namespace.namespace, task);
  // The state of a running task is shown even if its record cannot be read.
  const seen = cgroup === undefined
    ? look(namespace, task)
    : look(namespace, task, { cgroup, processes: taskProcesses(namespace, task).length, warn });
  const usage = cgroup === undefined ? undefined : usageReader(namespace).read(task);
  return seen && conclude(seen, usage);
}

/** Called with a message about a record that could not be read, and is left out. */
export type Warn = (message: string) => void;

/** How to look at a task. */
export interface LookOptions {
  /** The inode of its registered cgroup, if it runs. */
  cgroup?: number;
  /** How many processes it has. */
  processes?: number;
  /** Called with a message if the record cannot be read; without it, that is an error. */
  warn?: Warn;
  /** The runs that ran when the host went down, by task, if the caller knows them already. */
  lost?: ReadonlyMap<string, string>;
}

/**
 * Collects the data of a task; returns undefined if nothing is known of it.
 *
 * @throws {Failed} if its record cannot be read, unless `warn` is given.
 */
export function look(
  namespace: Namespace,
  task: string,
  { cgroup, processes = 0, warn, lost: known }: LookOptions = {},
): Sighting | undefined {
  const found = foundOf(namespace, task, cgroup, warn);
  const runs = cgroup !== undefined;
  const lost = runs || found !== undefined ? undefined : (known ?? lostRuns(namespace)).get(task);
  if (!runs && found === undefined && lost === undefined) return undefined;
  return {
    namespace,
    task,
    ...(lost === undefined ? {} : { lost }),
    live: !runs ? undefined : isFrozen(trackingCgroup(namespace, task)) ? "paused" : "running",
    found,
    stopped: (found && readStop(found.directory)) ?? null,
    processes,
  };
}

function foundOf(
  namespace: Namespace,
  task: string,
  cgroup: number | undefined,
  warn?: Warn,
): RecordedRun | undefined {
  try {
    return currentRun(namespace.namespace, task, cgroup);
  } catch (error) {
    if (warn === undefined || !(error instanceof Failed)) throw error;
    warn(error.message);
    return undefined;
  }
}

/**
 * Returns the state of a task from its data.
 *
 * @param live The present usage of the task, if it runs.
 */
export function conclude(seen: Sighting, live?: Usage): TaskState {
  const { namespace: { namespace }, task, found, stopped } = seen;
  const record = found?.record;
  // The counters of a run of which only the mark is left are gone; another may have its number.
  const kept = found?.left === undefined && record && keptUsage(seen.namespace, record);
  const usage = live ?? (kept || null);
  const timedOut = found !== undefined && isTimedOut(found);
  return {
    namespace,
    task,
    run: record?.run ?? seen.lost ?? null,
    pid: record?.pid ?? null,
    labels: record?.labels ?? {},
    ...(seen.lost === undefined && !found?.left?.isLost
      ? outcome(seen.live, found?.status.code, usage, timedOut)
      : LOST),
    timedOut,
    stopped,
    started: record?.started ?? (seen.lost === undefined ? null : timeOf(seen.lost)),
    ended: found === undefined ? null : endOf(found),
    duration: durationOf(seen),
    command: record?.command ?? null,
    directory: record?.directory ?? null,
    log: record?.log ?? null,
    stderr: record?.stderr ?? null,
    limits: record?.limits ?? {},
    stop: record?.stop ?? {},
    once: record?.once === true,
    timeout: record?.timeout ?? null,
    processes: seen.processes,
    usage,
  };
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
function durationOf({ namespace, found, live }: Sighting): number | null {
  if (found === undefined) return null;
  const { record, status } = found;
  const ended = endOf(found);
  if (live === undefined && ended === null) return null;
  const born = startOfRun(namespace.namespace, record);
  const until = live === undefined ? status.uptime : sinceBoot();
  const duration = born === undefined || until === undefined
    ? (live === undefined ? ended ?? 0 : Date.now()) - record.started
    : until - born;
  return Math.max(0, Math.round(duration));
}

/** The outcome of a run that ran when the host went down. */
const LOST = {
  state: "lost",
  why: "the host went down while it ran",
  code: null,
  signal: null,
} as const;

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
): Pick<TaskState, "state" | "why" | "code" | "signal"> {
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
