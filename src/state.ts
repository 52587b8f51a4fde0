import { join } from "@std/path/posix/join";
import { unlessGone } from "./cgroup/cgroup.ts";
import { freezerOf } from "./cgroup/freezer.ts";
import type { Limits } from "./limits.ts";
import type { Namespace } from "./namespace.ts";
import { readRun, readStatus, readStop, type StopRecord } from "./record.ts";
import { type Signal, SIGNALS } from "./signals.ts";
import { identity, runDirectory, taskProcesses } from "./task.ts";
import { keptUsage, liveUsage, type Usage } from "./usage.ts";

/** What has become of a task. */
export type State = "running" | "paused" | "exited" | "killed" | "out of memory" | "unknown";

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

/**
 * Finds out all that is known of a task; nothing if nothing is.
 *
 * @param now In milliseconds since 1970.
 * @throws {Failed} if it cannot be found out.
 */
export function taskState(
  namespace: Namespace,
  task: string,
  now = Date.now(),
): TaskState | undefined {
  const ns = namespace.namespace;
  const runs = identity(ns, task) !== undefined;
  const record = readRun(ns, task);
  if (!runs && record === undefined) return undefined;
  const directory = runDirectory(ns, task);
  const status = readStatus(directory);
  const ended = status === undefined
    ? null
    : unlessGone(() => Deno.statSync(join(directory, "ended")).mtime?.getTime() ?? null, null);
  const started = record?.started ?? null;
  const usage = runs ? liveUsage(namespace, task) : keptUsage(ns, task, started ?? 0) ?? null;
  return {
    namespace: ns,
    task,
    ...outcome(
      runs ? (freezerOf(namespace, task).isFrozen() ? "paused" : "running") : undefined,
      status,
      usage,
    ),
    stopped: readStop(directory) ?? null,
    started,
    ended,
    duration: started === null || (!runs && ended === null)
      ? null
      : (runs ? now : ended ?? now) - started,
    command: record?.command ?? null,
    directory: record?.directory ?? null,
    log: record?.log ?? null,
    limits: record?.limits ?? {},
    processes: runs ? taskProcesses(namespace, task).length : 0,
    usage,
  };
}

/** How a task ended, from what its shim wrote down: a shell's status, 128 + n for signal n. */
export function outcome(
  live: "running" | "paused" | undefined,
  status: number | undefined,
  usage: Pick<Usage, "oomKills"> | null,
): Pick<TaskState, "state" | "why" | "code" | "signal"> {
  const signal = status === undefined ? undefined : SIGNALS[status - 128];
  const code = signal === undefined ? status ?? null : null;
  const how = { why: null, code, signal: signal ?? null };
  if (live !== undefined) return { ...how, state: live };
  if (status === undefined) {
    return { ...how, state: "unknown", why: "its shim was killed before it could tell" };
  }
  if (signal === undefined) return { ...how, state: "exited" };
  const starved = signal === "SIGKILL" && (usage?.oomKills ?? 0) > 0;
  return { ...how, state: starved ? "out of memory" : "killed" };
}
