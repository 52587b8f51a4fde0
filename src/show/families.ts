import { STATES, type TaskState } from "../task/state.ts";
import type { Survey } from "../task/survey.ts";
import type { Family, Sample } from "./exposition.ts";

/** Conversions to seconds, the base unit of Prometheus. */
const fromNanoseconds = (value: number) => value / 1e9;
const fromMilliseconds = (value: number) => value / 1e3;

/**
 * Returns the metrics of a namespace.
 *
 * @param version The version of this executable.
 */
export function families(
  namespace: string,
  survey: Survey & { truncated: boolean },
  version: string,
): Family[] {
  const { whole, finished } = survey;
  const running = survey.running.map(({ state }) => state);
  const of = (value: number | null): Sample[] =>
    value === null ? [] : [{ labels: { namespace }, value }];
  const cpu = whole.cpu.total;
  return [
    gauge("lanco_build_info", "The version of lanco, as a label.", [
      { labels: { namespace, version }, value: 1 },
    ]),
    gauge(
      "lanco_tasks",
      "Tasks by state; ended tasks count as long as they have a record.",
      STATES.map((state) => ({
        labels: { namespace, state: state.replaceAll(" ", "_") },
        value: [...running, ...finished].filter((task) => task.state === state).length,
      })),
    ),
    gauge(
      "lanco_truncated",
      "1 if tasks are left out because there was too much to read, else 0.",
      of(survey.truncated ? 1 : 0),
    ),
    gauge("lanco_exit_commands", "Running exit commands.", of(survey.exits.length)),
    counter(
      "lanco_cpu_seconds",
      "Processor time of all tasks, including ended ones.",
      of(cpu === null ? null : fromNanoseconds(cpu)),
    ),
    gauge("lanco_memory_bytes", "Memory that all tasks use.", of(whole.memory.now)),
    ...runningFamilies(namespace, running),
    ...finishedFamilies(namespace, finished),
  ];
}

function runningFamilies(namespace: string, tasks: readonly TaskState[]): Family[] {
  const each = collector(namespace, tasks);
  return [
    gauge(
      "lanco_task_processes",
      "Number of processes of a running task.",
      each((t) => t.processes),
    ),
    gauge(
      "lanco_task_paused",
      "1 if a running task is paused, else 0.",
      each((t) => t.state === "paused" ? 1 : 0),
    ),
    gauge(
      "lanco_task_start_time_seconds",
      "Start time of a running task, in seconds since 1970.",
      each((t) => t.started, fromMilliseconds),
    ),
    gauge(
      "lanco_task_age_seconds",
      "Age of a running task, by a clock that nobody can set.",
      each((t) => t.duration, fromMilliseconds),
    ),
    counter("lanco_task_cpu_seconds", "Processor time of a running task.", [
      ...each((t) => t.usage?.cpu.user, fromNanoseconds, { mode: "user" }),
      ...each((t) => t.usage?.cpu.system, fromNanoseconds, { mode: "system" }),
    ]),
    gauge(
      "lanco_task_memory_bytes",
      "Memory that a running task uses.",
      each((t) => t.usage?.memory.now),
    ),
    gauge(
      "lanco_task_memory_peak_bytes",
      "The most memory that a running task has used at once.",
      each((t) => t.usage?.memory.peak),
    ),
    ...scarcityFamilies(namespace, tasks),
    ...limitFamilies(namespace, tasks),
  ];
}

/** Metrics of running tasks that lack memory, processors or disks. */
function scarcityFamilies(namespace: string, tasks: readonly TaskState[]): Family[] {
  const each = collector(namespace, tasks);
  return [
    counter(
      "lanco_task_oom_kills",
      "Number of processes of a running task that the kernel killed for want of memory.",
      each((t) => t.usage?.oomKills),
    ),
    counter(
      "lanco_task_throttled_seconds",
      "How long the limit of processors has held up a running task.",
      each((t) => t.usage?.throttled.time, fromNanoseconds),
    ),
    counter(
      "lanco_task_pressure_waiting_seconds",
      "How long a process of a running task has waited for a scarce resource (PSI).",
      (["cpu", "memory", "io"] as const).flatMap((resource) =>
        each((t) => t.usage?.pressure[resource]?.time, fromNanoseconds, { resource })
      ),
    ),
  ];
}

function limitFamilies(namespace: string, tasks: readonly TaskState[]): Family[] {
  const each = collector(namespace, tasks);
  const limit = (name: "memory" | "cpus" | "pids") => each((task) => task.limits[name] ?? null);
  return [
    gauge(
      "lanco_task_memory_limit_bytes",
      "How much memory a running task may use.",
      limit("memory"),
    ),
    gauge(
      "lanco_task_cpu_limit_cores",
      "How many processors a running task may use.",
      limit("cpus"),
    ),
    gauge(
      "lanco_task_processes_limit",
      "How many processes and threads a running task may have.",
      limit("pids"),
    ),
  ];
}

function finishedFamilies(namespace: string, tasks: readonly TaskState[]): Family[] {
  const each = collector(namespace, tasks);
  return [
    gauge(
      "lanco_task_exit_status",
      "Exit status of an ended task, or -1 if it was killed.",
      each((t) => t.code ?? (t.signal === null ? null : -1)),
    ),
    gauge(
      "lanco_task_end_time_seconds",
      "End time of an ended task, in seconds since 1970.",
      each((t) => t.ended, fromMilliseconds),
    ),
    gauge(
      "lanco_task_duration_seconds",
      "How long an ended task ran.",
      each((t) => t.duration, fromMilliseconds),
    ),
  ];
}

type Look = (task: TaskState) => number | null | undefined;

/** Returns a function that makes a sample for each task whose value is known. */
function collector(namespace: string, tasks: readonly TaskState[]) {
  return (
    look: Look,
    convert = (value: number) => value,
    labels: Record<string, string> = {},
  ): Sample[] =>
    tasks.flatMap((task) => {
      const value = look(task);
      if (value === null || value === undefined) return [];
      return [{ labels: { namespace, task: task.task, ...labels }, value: convert(value) }];
    });
}

function gauge(name: string, help: string, samples: Sample[]): Family {
  return { name, help, type: "gauge", samples };
}

function counter(name: string, help: string, samples: Sample[]): Family {
  return { name, help, type: "counter", samples };
}
