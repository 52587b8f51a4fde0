// The schemas of all JSON output. This room renders outputs as text, as JSON and as metrics.
import type { Labels } from "../task/labels.ts";
import type { Signal } from "../task/signals.ts";
import { STATES, type TaskState } from "../task/state.ts";
import type { StopManner } from "../task/stop_manner.ts";
import type { TimeLimit } from "../task/time_limit.ts";
import type { ListedExitCommand } from "../task/survey.ts";
import { batch, greeting } from "./batch_schema.ts";
import { namespace, namespaces } from "./namespaces_schema.ts";
import { limits, usage } from "./usage_schema.ts";
import {
  flag,
  integer,
  list,
  named,
  namedObjects,
  nullable,
  object,
  objects,
  partial,
  type Schema,
  text,
  type TypeOf,
  word,
} from "./schema_types.ts";

const task = text("the task");
const runId = text("the id of the run, a word that sorts by time");
const state = word("the state of the task", ...STATES);
const exitStatus = integer("lanco's exit status for it: 0, 1, 3, 4, 5 or 6");
const why = nullable(text("the reason, if the answer is no or unknown"));

const exit = {
  code: nullable(integer("exit status of the command, if it exited by itself")),
  signal: nullable(text("the signal that the command died of, as SIGKILL") as Schema<Signal>),
};

const timedOut = flag("whether its time limit has ended it, or is ending it");

const processes = objects("its processes, by pid", "a process", {
  pid: integer("its process id"),
  cmdline: text("its command line, words with spaces; [name]; - if hidden"),
});

const exitCommands = objects("the exit commands that are running", "an exit command", {
  task,
  run: runId,
  processes,
});

const truncated = flag("whether tasks are left out: too much to read");

const labels: Schema<Labels> = named("the labels of the run", text("the value of this label"));

const stopManner: Schema<StopManner> = partial("how to stop it; what run has not said is missing", {
  signal: text("the signal that is sent first, as SIGINT") as Schema<Signal>,
  timeout: integer("how long to wait before SIGKILL, in milliseconds"),
  main: flag("whether the signal goes to the command alone"),
});

const once = flag("whether it is to be the only run of its task: run --once");
const timeout: Schema<TimeLimit | null> = nullable(object("its time limit, if it has one", {
  after: integer("how long it may run, in milliseconds"),
  killAfter: integer("from the signal at the end to SIGKILL, in milliseconds"),
}));

/** What tells a run from the other runs of its task, and its command from other processes. */
const ids = {
  run: nullable(runId),
  pid: nullable(integer("the process id of its command")),
  labels,
};

/** Describes the tasks that a command was given, or has selected, by their names. */
function tasksWith<P extends Record<string, Schema>>(fields: P) {
  return namedObjects("the tasks by their names", "a task", { ...ids, ...fields });
}

/** The fields of a task that several outputs share. */
const facts = {
  ...ids,
  state,
  why: nullable(text("the reason, if the state is unknown")),
  ...exit,
  timedOut,
  stopped: nullable(object("the request to stop it, if there was one", {
    by: text("the name or the numeric id of the user"),
    signal: text("the first signal; SIGKILL with --now"),
    at: integer("when, in milliseconds since 1970"),
  })),
  started: nullable(integer("when it was started, in milliseconds since 1970")),
  ended: nullable(integer("when the command ended, in milliseconds since 1970")),
  duration: nullable(integer("from the start to the end, or until now, in milliseconds")),
  command: nullable(list("the command and its arguments", text("a word"))),
  directory: nullable(text("the directory it was started in")),
  log: nullable(text("the file of its output; null if that goes to its caller")),
  stderr: nullable(text("the file of its standard error, if it has one of its own")),
  logMax: nullable(integer("the most bytes that are kept of each; null: all")),
  logSize: nullable(integer("the size of the log, without what was dropped, in bytes")),
  stderrSize: nullable(integer("the same of the file of its standard error")),
  limits,
  stop: stopManner,
  once,
  timeout,
  usage: nullable(usage),
};

const status = object("all that is known of one task", {
  namespace,
  task,
  ...facts,
  processes: integer("the number of its processes"),
  exitCommands,
  truncated,
}) satisfies Schema<TaskState & { exitCommands: ListedExitCommand[]; truncated: boolean }>;

const ls = object("the selected tasks", {
  namespace,
  count: integer("the number of tasks listed"),
  tasks: tasksWith({
    state,
    count: integer("the number of its processes"),
    processes,
    why: facts.why,
    ...exit,
    ended: facts.ended,
    duration: nullable(integer("from the start to the end, in milliseconds")),
    logSize: facts.logSize,
    stderrSize: facts.stderrSize,
  }),
  exitCommands,
  truncated,
});

const runs = object("the runs on record, of ls --runs", {
  namespace,
  count: integer("the number of runs listed"),
  runs: objects("the runs, the oldest first", "a run", {
    task,
    ...ids,
    state,
    why: facts.why,
    ...exit,
    started: facts.started,
    ended: facts.ended,
    duration: facts.duration,
  }),
  truncated,
});

const dump = object("all that is known of the namespace and its tasks", {
  namespace,
  count: integer("the number of running tasks"),
  nbcpus: integer("the number of processors that the host has online"),
  timestamp: integer("milliseconds since boot (CLOCK_BOOTTIME), for rates"),
  time: integer("milliseconds since 1970"),
  cpu: nullable(integer("processor time of all tasks, ended ones too, in nanoseconds")),
  memory: nullable(integer("memory that all tasks use, in bytes")),
  tasks: namedObjects("the running tasks by their names", "a task", {
    count: integer("the number of its processes"),
    cpu: nullable(integer("processor time in nanoseconds")),
    memory: nullable(integer("memory in bytes")),
    processes,
    ...facts,
  }),
  finished: namedObjects("the tasks that have ended, by their names", "a task", facts),
  exitCommands,
  truncated,
});

const run = object("the task that was started", {
  namespace,
  task,
  run: runId,
  pid: integer("the process id of the command"),
  shim: integer("the process id of the shim, which records the exit status"),
  started: integer("when it was started, in milliseconds since 1970"),
  command: list("the command and its arguments", text("a word")),
  directory: text("the directory it was started in"),
  log: facts.log,
  stderr: facts.stderr,
  logMax: facts.logMax,
  limits,
  labels,
  stop: stopManner,
  once,
  timeout,
});

const check = object("whether tasks are running", {
  namespace,
  tasks: tasksWith({
    running: nullable(flag("whether it is running; null if unknown")),
    why,
    exitStatus,
  }),
});

const stop = object("whether tasks were stopped", {
  namespace,
  tasks: tasksWith({ stopped: flag("whether it was running and was stopped"), why, exitStatus }),
});

const wait = object("how tasks have ended", {
  namespace,
  timedOut: flag("whether the time ran out before the tasks ended"),
  tasks: tasksWith({
    ended: nullable(flag("whether it has ended; null if nothing is known of it")),
    status: nullable(integer("exit status as in a shell: 128 + n for signal n")),
    ...exit,
    timedOut,
    why: nullable(text("the reason, if it is not known how it ended")),
    exitStatus: integer("wait's exit status for this task: its own, 124, 125"),
  }),
});

const limit = object("the limits of running tasks", {
  namespace,
  tasks: tasksWith({
    before: nullable(limits),
    limits: nullable(limits),
    why,
    exitStatus,
  }),
});

const forget = object("what was forgotten of tasks", {
  namespace,
  tasks: namedObjects("the tasks by their names", "a task", {
    runs: list("the runs whose records were removed, the oldest first", runId),
    logs: list("the files of logs that were removed", text("its path")),
    left: integer("how many of its runs are on record or under way"),
    why,
    exitStatus,
  }),
});

const events = object("an event of a task, one a line", {
  event: word(
    "the kind of event; ready follows the last task that was present",
    ...["lost", "present", "ready", "start", "pause", "resume", "end"] as const,
  ),
  at: integer("when, in milliseconds since 1970; with present: its start"),
  task: nullable(text("the task")),
  ...ids,
  state: nullable(word("with present and end, the state of the task", ...STATES)),
  why: facts.why,
  ...exit,
  timedOut: nullable(flag("with end, whether its time limit has ended it")),
  stopped: facts.stopped,
});

/** The schemas of JSON output, by the names of the commands. */
export const SCHEMAS = {
  status,
  run,
  check,
  stop,
  wait,
  limit,
  forget,
  ls,
  runs,
  dump,
  namespaces,
  events,
  greeting,
  batch,
} as const;

/** The type of a command's output. */
export type Output<Command extends keyof typeof SCHEMAS> = TypeOf<typeof SCHEMAS[Command]>;
