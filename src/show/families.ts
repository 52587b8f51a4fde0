import { STATES, type TaskState } from "../task/state.ts";
import type { Survey } from "../task/survey.ts";
import type { Family, Sample } from "./exposition.ts";

/** A value, or nothing if it is not known. */
type Value = number | null | undefined;

/** A metric of tasks, or of a namespace: there are samples of each of which the value is known. */
interface Metric<T> {
  type: Family["type"];
  help: string;
  /** Returns the value, or several with the labels that tell them apart. */
  values(of: T): Value | [labels: Record<string, string>, value: Value][];
}

/** Metrics by their names. */
type Metrics<T> = Readonly<Record<string, Metric<T>>>;

function gauge<T>(help: string, values: Metric<T>["values"]): Metric<T> {
  return { type: "gauge", help, values };
}

function counter<T>(help: string, values: Metric<T>["values"]): Metric<T> {
  return { type: "counter", help, values };
}

/** Convert a time to seconds, the base unit of Prometheus. */
const fromNanoseconds = (time: Value): Value => time == null ? null : time / 1e9;
const fromMilliseconds = (time: Value): Value => time == null ? null : time / 1e3;

const RESOURCES = ["cpu", "memory", "io"] as const;

/** What is known of a namespace, and the version of this executable. */
type Known = Survey & { truncated: boolean; version: string };

/** The metrics of a namespace. */
const WHOLE: Metrics<Known> = {
  lanco_build_info: gauge("The version of lanco, as a label.", ({ version }) => [[{ version }, 1]]),
  lanco_tasks: gauge(
    "Tasks by state; ended tasks count as long as they have a record.",
    ({ running, finished }) => {
      const tasks = [...running.map(({ state }) => state), ...finished];
      return STATES.map((state) => [
        { state: state.replaceAll(" ", "_") },
        tasks.filter((task) => task.state === state).length,
      ]);
    },
  ),
  lanco_truncated: gauge(
    "1 if tasks are left out because there was too much to read, else 0.",
    ({ truncated }) => truncated ? 1 : 0,
  ),
  lanco_exit_commands: gauge("Running exit commands.", ({ exits }) => exits.length),
  lanco_cpu_seconds: counter(
    "Processor time of all tasks, including ended ones.",
    ({ whole }) => fromNanoseconds(whole.cpu.total),
  ),
  lanco_memory_bytes: gauge("Memory that all tasks use.", ({ whole }) => whole.memory.now),
};

/** The metrics of running tasks. */
const RUNNING: Metrics<TaskState> = {
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

/** The metrics of tasks that have ended. */
const FINISHED: Metrics<TaskState> = {
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

/** Returns the metrics of a namespace and of its tasks. */
export function families(namespace: string, known: Known): Family[] {
  const ofTask = (task: TaskState) => [{ namespace, task: task.task }, task] as const;
  return [
    ...measured(WHOLE, [[{ namespace }, known]]),
    ...measured(RUNNING, known.running.map(({ state }) => ofTask(state))),
    ...measured(FINISHED, known.finished.map(ofTask)),
  ];
}

function measured<T>(
  metrics: Metrics<T>,
  all: readonly (readonly [labels: Record<string, string>, of: T])[],
): Family[] {
  return Object.entries(metrics).map(([name, { type, help, values }]) => {
    const samples = all.flatMap(([labels, of]): Sample[] => {
      const found = values(of);
      const each = Array.isArray(found) ? found : [[{}, found] as const];
      return each.flatMap(([own, value]) =>
        value == null ? [] : [{ labels: { ...labels, ...own }, value }]
      );
    });
    return { name, help, type, samples };
  });
}
