import { STATES, type TaskState } from "../task/state.ts";
import type { Survey } from "../task/survey.ts";
import type { Family, Sample } from "./exposition.ts";

/** A value, or nothing if it is not known. */
type Value = number | null | undefined;

/** A metric of tasks: there are samples of each task whose value is known. */
interface Metric {
  type: Family["type"];
  help: string;
  /** Returns the value of a task, or several with the labels that tell them apart. */
  values(task: TaskState): Value | [labels: Record<string, string>, value: Value][];
}

const gauge = (help: string, values: Metric["values"]): Metric => ({ type: "gauge", help, values });
const counter = (help: string, values: Metric["values"]): Metric => ({
  type: "counter",
  help,
  values,
});

/** Convert a time to seconds, the base unit of Prometheus. */
const fromNanoseconds = (time: Value): Value => time == null ? null : time / 1e9;
const fromMilliseconds = (time: Value): Value => time == null ? null : time / 1e3;

const RESOURCES = ["cpu", "memory", "io"] as const;

/** The metrics of running tasks, by their names. */
const RUNNING: Readonly<Record<string, Metric>> = {
  lanco_task_processes: gauge("Number of processes of a running task.", (t) => t.processes),
  lanco_task_paused: gauge(
    "1 if a running task is paused, else 0.",
    ({ state }) => state === "paused" ? 1 : 0,
  ),
  lanco_task_start_time_seconds: gauge(
    "Start time of a running task, in seconds since 1970.",
    (t) => fromMilliseconds(t.started),
  ),
  lanco_task_age_seconds: gauge(
    "Age of a running task, by a clock that nobody can set.",
    (t) => fromMilliseconds(t.duration),
  ),
  lanco_task_cpu_seconds: counter("Processor time of a running task.", ({ usage }) => [
    [{ mode: "user" }, fromNanoseconds(usage?.cpu.user)],
    [{ mode: "system" }, fromNanoseconds(usage?.cpu.system)],
  ]),
  lanco_task_memory_bytes: gauge("Memory that a running task uses.", (t) => t.usage?.memory.now),
  lanco_task_memory_peak_bytes: gauge(
    "The most memory that a running task has used at once.",
    (t) => t.usage?.memory.peak,
  ),
  lanco_task_oom_kills: counter(
    "Number of processes of a running task that the kernel killed for want of memory.",
    (t) => t.usage?.oomKills,
  ),
  lanco_task_throttled_seconds: counter(
    "How long the limit of processors has held up a running task.",
    (t) => fromNanoseconds(t.usage?.throttled.time),
  ),
  lanco_task_pressure_waiting_seconds: counter(
    "How long a process of a running task has waited for a scarce resource (PSI).",
    ({ usage }) =>
      RESOURCES.map((resource) => [{ resource }, fromNanoseconds(usage?.pressure[resource]?.time)]),
  ),
  lanco_task_memory_limit_bytes: gauge(
    "How much memory a running task may use.",
    (t) => t.limits.memory,
  ),
  lanco_task_cpu_limit_cores: gauge(
    "How many processors a running task may use.",
    (t) => t.limits.cpus,
  ),
  lanco_task_processes_limit: gauge(
    "How many processes and threads a running task may have.",
    (t) => t.limits.pids,
  ),
};

/** The metrics of tasks that have ended, by their names. */
const FINISHED: Readonly<Record<string, Metric>> = {
  lanco_task_exit_status: gauge(
    "Exit status of an ended task, or -1 if it was killed.",
    ({ code, signal }) => code ?? (signal === null ? null : -1),
  ),
  lanco_task_end_time_seconds: gauge(
    "End time of an ended task, in seconds since 1970.",
    (t) => fromMilliseconds(t.ended),
  ),
  lanco_task_duration_seconds: gauge(
    "How long an ended task ran.",
    (t) => fromMilliseconds(t.duration),
  ),
};

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
  const family = (
    type: Family["type"],
    name: string,
    help: string,
    value: Value,
    labels: Record<string, string> = {},
  ): Family => ({ name, help, type, samples: known({ namespace, ...labels }, value) });
  const states = STATES.map((state) => ({
    labels: { namespace, state: state.replaceAll(" ", "_") },
    value: [...running, ...finished].filter((task) => task.state === state).length,
  }));
  return [
    family("gauge", "lanco_build_info", "The version of lanco, as a label.", 1, { version }),
    {
      name: "lanco_tasks",
      help: "Tasks by state; ended tasks count as long as they have a record.",
      type: "gauge",
      samples: states,
    },
    family(
      "gauge",
      "lanco_truncated",
      "1 if tasks are left out because there was too much to read, else 0.",
      survey.truncated ? 1 : 0,
    ),
    family("gauge", "lanco_exit_commands", "Running exit commands.", survey.exits.length),
    family(
      "counter",
      "lanco_cpu_seconds",
      "Processor time of all tasks, including ended ones.",
      fromNanoseconds(whole.cpu.total),
    ),
    family("gauge", "lanco_memory_bytes", "Memory that all tasks use.", whole.memory.now),
    ...ofTasks(namespace, running, RUNNING),
    ...ofTasks(namespace, finished, FINISHED),
  ];
}

function ofTasks(
  namespace: string,
  tasks: readonly TaskState[],
  metrics: Readonly<Record<string, Metric>>,
): Family[] {
  return Object.entries(metrics).map(([name, { type, help, values }]) => {
    const samples = tasks.flatMap((task) => {
      const found = values(task);
      const labels = { namespace, task: task.task };
      return Array.isArray(found)
        ? found.flatMap(([own, value]) => known({ ...labels, ...own }, value))
        : known(labels, found);
    });
    return { name, help, type, samples };
  });
}

function known(labels: Record<string, string>, value: Value): Sample[] {
  return value == null ? [] : [{ labels, value }];
}
