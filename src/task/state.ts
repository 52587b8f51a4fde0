import { unlessGone } from "../cgroup/cgroup.ts";
import { Failed } from "../cli/errors.ts";
import { isFrozen } from "../cgroup/freezer.ts";
import type { Limits } from "../cgroup/limits.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { sinceBoot } from "./clock.ts";
import { readRun, readStatus, readStop, readUptime, type RunRecord } from "./record.ts";
import type { StopRecord } from "./record.ts";
import { startOfRun } from "./start.ts";
import { exitOf, type Signal } from "./signals.ts";
import { runDirectory, trackingCgroup } from "./places.ts";
import { identity, taskProcesses } from "./task.ts";
import { keptUsage, type Usage, usageReader } from "./usage.ts";

/** What can become of a task. */
export const STATES = [
  "running",
  "paused",
  "exited",
  "killed",
  "out of memory",
  "unknown",
] as const;

/** What has become of a task. */
export type State = typeof STATES[number];

/** All that is known of a task: what `status` shows. */
export interface TaskState {
  /** Its namespace. */
  namespace: string;
  /** Its name. */
  task: string;
  /** What has become of it. */
  state: State;
  /** Why that is not known, if it is not. */
  why: string | null;
  /** The exit status of its first process, if that has exited. */
  code: number | null;
  /** The signal that its first process died of, if it did. */
  signal: Signal | null;
  /** Who has stopped it, if somebody has. */
  stopped: StopRecord | null;
  /** When it was started, in milliseconds since 1970. */
  started: number | null;
  /** When its first process ended, in milliseconds since 1970. */
  ended: number | null;
  /** From the start to the end, or until now, in milliseconds. */
  duration: number | null;
  /** The command and its arguments. */
  command: string[] | null;
  /** The directory it was started in. */
  directory: string | null;
  /** Where its output goes; null if to its caller's terminal. */
  log: string | null;
  /** What it may use. */
  limits: Limits;
  /** How many processes it has. */
  processes: number;
  /** What it uses or has used; null if that is not known. */
  usage: Usage | null;
}

/** What was seen of a task, without what it uses. */
export interface Sighting extends Written {
  /** Its namespace. */
  namespace: Namespace;
  /** Its name. */
  task: string;
  /** What it is doing, if it runs. */
  live: "running" | "paused" | undefined;
  /** What was launched, if that is known. */
  record: RunRecord | undefined;
  /** How many processes it has. */
  processes: number;
}

/** What has been written down of the end of a run. */
interface Written {
  /** The exit status, if its first process has ended. */
  status: number | undefined;
  /** When that was, in milliseconds since 1970. */
  ended: number | null;
  /** The same in milliseconds since boot, if the shim could tell. */
  uptime: number | undefined;
  /** Who has stopped it, if somebody has. */
  stopped: StopRecord | null;
}

/**
 * Finds out all that is known of a task; nothing if nothing is.
 *
 * @param warn Told of a record that cannot be read, if the task runs all the same.
 * @throws {Failed} if it cannot be found out.
 */
export function taskState(
  namespace: Namespace,
  task: string,
  warn: Warn,
): TaskState | undefined {
  const runs = identity(namespace.namespace, task) !== undefined;
  // That it runs is worth saying, whatever else there is to say.
  const seen = runs
    ? look(namespace, task, taskProcesses(namespace, task).length, warn)
    : look(namespace, task);
  return seen && conclude(seen, runs ? usageReader(namespace).read(task) : undefined);
}

/** Told of something that could not be read, and is left out. */
export type Warn = (message: string) => void;

/**
 * Looks at a task; nothing if nothing is known of it.
 *
 * @param processes How many it has, if it runs.
 * @param warn Told of a record that cannot be read, if that is no reason to fail.
 * @throws {Failed} if its record cannot be read, unless there is somebody to be warned.
 */
export function look(
  namespace: Namespace,
  task: string,
  processes?: number,
  warn?: Warn,
): Sighting | undefined {
  const record = recordOf(namespace, task, warn);
  const runs = processes !== undefined;
  if (!runs && record === undefined) return undefined;
  return {
    namespace,
    task,
    live: !runs ? undefined : isFrozen(trackingCgroup(namespace, task)) ? "paused" : "running",
    record,
    processes: processes ?? 0,
    ...readWritten(runDirectory(namespace.namespace, task)),
  };
}

function recordOf(namespace: Namespace, task: string, warn?: Warn): RunRecord | undefined {
  try {
    return readRun(namespace.namespace, task);
  } catch (error) {
    if (warn === undefined || !(error instanceof Failed)) throw error;
    warn(error.message);
    return undefined;
  }
}

function readWritten(directory: string): Written {
  const status = readStatus(directory);
  const time = () => Deno.statSync(`${directory}/ended`).mtime?.getTime() ?? null;
  return {
    status,
    ended: status === undefined ? null : unlessGone(time, null),
    uptime: status === undefined ? undefined : readUptime(directory),
    stopped: readStop(directory) ?? null,
  };
}

/**
 * All that is known of a task that was seen.
 *
 * @param live What it uses, if it runs.
 */
export function conclude(seen: Sighting, live?: Usage): TaskState {
  const { namespace: { namespace }, task, record, status, stopped } = seen;
  const started = record?.started ?? null;
  const usage = live ?? keptUsage(namespace, task, record ?? { started: 0 }) ?? null;
  return {
    namespace,
    task,
    ...outcome(seen.live, status, usage),
    stopped,
    started,
    ended: seen.ended,
    duration: durationOf(seen),
    command: record?.command ?? null,
    directory: record?.directory ?? null,
    log: record?.log ?? null,
    limits: record?.limits ?? {},
    processes: seen.processes,
    usage,
  };
}

/**
 * From the start to the end, or until now, in milliseconds: by the clock that nobody sets, or
 * where an older lanĉo has not written that down, by the other.
 */
function durationOf({ namespace, record, live, ended, uptime }: Sighting): number | null {
  if (record === undefined || (live === undefined && ended === null)) return null;
  const born = startOfRun(namespace.namespace, record);
  const until = live === undefined ? uptime : sinceBoot();
  const duration = born === undefined || until === undefined
    ? (live === undefined ? ended ?? 0 : Date.now()) - record.started
    : until - born;
  return Math.max(0, Math.round(duration));
}

/** How a task ended, from what its shim wrote down: a shell's status, 128 + n for signal n. */
export function outcome(
  live: "running" | "paused" | undefined,
  status: number | undefined,
  usage: Pick<Usage, "oomKills"> | null,
): Pick<TaskState, "state" | "why" | "code" | "signal"> {
  const { code, signal } = exitOf(status);
  const how = { why: null, code, signal };
  if (live !== undefined) return { ...how, state: live };
  if (status === undefined) {
    return { ...how, state: "unknown", why: "its shim was killed before it could tell" };
  }
  if (signal === null) return { ...how, state: "exited" };
  const starved = signal === "SIGKILL" && (usage?.oomKills ?? 0) > 0;
  return { ...how, state: starved ? "out of memory" : "killed" };
}
