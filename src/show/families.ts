import { STATES, type TaskState } from "../task/state.ts";
import type { Survey } from "../task/survey.ts";
import type { Family, Sample } from "./exposition.ts";

/** Nanoseconds and milliseconds as seconds, the base unit of Prometheus. */
const fromNanoseconds = (value: number) => value / 1e9;
const fromMilliseconds = (value: number) => value / 1e3;

/**
 * The metrics of a namespace.
 *
 * @param version The version of this program.
 */
export function families(namespace: string, survey: Survey, version: string): Family[] {
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
      "Tasks by their state; those that have ended as long as there is a record.",
      STATES.map((state) => ({
        labels: { namespace, state: state.replaceAll(" ", "_") },
        value: [...running, ...finished].filter((task) => task.state === state).length,
      })),
    ),
    gauge("lanco_exit_commands", "Exit commands that run.", of(survey.exits.length)),
    counter(
      "lanco_cpu_seconds",
      "Processor time of all tasks, ended ones too.",
      of(cpu === null ? null : fromNanoseconds(cpu)),
    ),
    gauge("lanco_memory_bytes", "Memory of all tasks.", of(whole.memory.now)),
    ...runningFamilies(namespace, running),
    ...finishedFamilies(namespace, finished),
  ];
}

function runningFamilies(namespace: string, tasks: readonly TaskState[]): Family[] {
  const each = collector(namespace, tasks);
  return [
    gauge("lanco_task_processes", "Processes of a running task.", each((t) => t.processes)),
    gauge(
      "lanco_task_paused",
      "Whether a running task is paused.",
      each((t) => t.state === "paused" ? 1 : 0),
    ),
    gauge(
      "lanco_task_start_time_seconds",
      "When a running task was started, in seconds since 1970.",
      each((t) => t.started, fromMilliseconds),
    ),
    gauge(
      "lanco_task_age_seconds",
      "How long a running task has run, by a clock that nobody sets.",
      each((t) => t.duration, fromMilliseconds),
    ),
    counter("lanco_task_cpu_seconds", "Processor time of a running task.", [
      ...each((t) => t.usage?.cpu.user, fromNanoseconds, { mode: "user" }),
      ...each((t) => t.usage?.cpu.system, fromNanoseconds, { mode: "system" }),
    ]),
    gauge("lanco_task_memory_bytes", "Memory of a running task.", each((t) => t.usage?.memory.now)),
    gauge(
      "lanco_task_memory_peak_bytes",
      "The most memory that a running task has had.",
      each((t) => t.usage?.memory.peak),
    ),
    ...strainFamilies(namespace, tasks),
    ...limitFamilies(namespace, tasks),
  ];
}

/** What a task has had to suffer. */
function strainFamilies(namespace: string, tasks: readonly TaskState[]): Family[] {
  const each = collector(namespace, tasks);
  return [
    counter(
      "lanco_task_oom_kills",
      "Processes of a running task that the kernel has killed for want of memory.",
      each((t) => t.usage?.oomKills),
    ),
    counter(
      "lanco_task_throttled_seconds",
      "How long a running task has waited by its limit of processors.",
      each((t) => t.usage?.throttled.time, fromNanoseconds),
    ),
    counter(
      "lanco_task_pressure_waiting_seconds",
      "How long some of a running task has waited for a resource that others use (PSI).",
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
    gauge("lanco_task_memory_limit_bytes", "What a running task may use.", limit("memory")),
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
      "How an ended task has ended: its exit status, or -1 if it was killed.",
      each((t) => t.code ?? (t.signal === null ? null : -1)),
    ),
    gauge(
      "lanco_task_end_time_seconds",
      "When an ended task ended, in seconds since 1970.",
      each((t) => t.ended, fromMilliseconds),
    ),
    gauge(
      "lanco_task_duration_seconds",
      "How long an ended task took.",
      each((t) => t.duration, fromMilliseconds),
    ),
  ];
}

type Look = (task: TaskState) => number | null | undefined;

/** Makes a sample of every task of which the value is known. */
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
