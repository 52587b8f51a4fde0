// How things are shown: for people, as JSON, and as metrics.
import type { Limits } from "../cgroup/limits.ts";
import type { Signal } from "../task/signals.ts";
import { STATES, type TaskState } from "../task/state.ts";
import type { ListedExit } from "../task/survey.ts";
import type { Usage } from "../task/usage.ts";
import {
  anything,
  byTask,
  flag,
  integer,
  list,
  nothing,
  nullable,
  number,
  object,
  partial,
  type Schema,
  text,
  type TypeOf,
  word,
} from "./schema_types.ts";

const namespace = text("the namespace");
const task = text("the task");
const state = word("what has become of it", ...STATES);
const exitStatus = integer("lanco's exit status for it alone: 0, 1, 3 or 6");
const why = nullable(text("why not, if not"));

const exit = {
  code: nullable(integer("exit status of its first process, if that exited by itself")),
  signal: nullable(text("the signal that its first process died of: SIGKILL") as Schema<Signal>),
};

const processes = list(
  "its processes, by pid",
  object("a process", {
    pid: integer("its process id"),
    cmdline: text("its command line, a space after each word; [name]; or -"),
  }),
);

const exitCommands = list(
  "the exit commands that run, of runs that are over",
  object("an exit command", {
    task,
    run: integer("the number of the run that is over"),
    processes,
  }),
);

const limits: Schema<Limits> = partial("what it may use; what is not limited is missing", {
  memory: integer("memory in bytes"),
  swap: integer("swap beyond the memory in bytes"),
  cpus: number("processors"),
  cpuWeight: integer("share of scarce processors, 1 to 10000"),
  pids: integer("processes and threads"),
  ioWeight: integer("share of scarce disks, 1 to 10000"),
});

const stall = (resource: string) =>
  nullable(object(`waiting for ${resource}; null if the kernel does not tell`, {
    time: integer("how long some of it has waited, in nanoseconds"),
    last10: number("the share of the last 10 seconds in percent"),
  }));

const usage: Schema<Usage> = object("what it uses or has used, as far as the host counts it", {
  cpu: object("processor time", {
    total: nullable(integer("in nanoseconds")),
    user: nullable(integer("outside of the kernel, in nanoseconds")),
    system: nullable(integer("in the kernel, in nanoseconds")),
  }),
  memory: object("memory", {
    now: nullable(integer("in bytes")),
    peak: nullable(integer("the most there was, in bytes")),
  }),
  pids: object("processes and threads", {
    now: nullable(integer("how many there are")),
    peak: nullable(integer("the most there were")),
  }),
  oomKills: nullable(integer("processes that the kernel killed for want of memory")),
  throttled: object("waiting by its limit of processors", {
    times: nullable(integer("how often")),
    time: nullable(integer("how long, in nanoseconds")),
  }),
  pressure: object("waiting for what others use (PSI)", {
    cpu: stall("processors"),
    memory: stall("memory"),
    io: stall("disks"),
  }),
});

/** What is known of a task, whatever shows it. */
const facts = {
  state,
  why: nullable(text("why that is not known, if it is not")),
  ...exit,
  stopped: nullable(object("who has stopped it, if somebody has", {
    by: text("the name or the number of the user"),
    signal: text("the signal it was asked with; SIGKILL if it was not asked"),
    at: integer("when, in milliseconds since 1970"),
  })),
  started: nullable(integer("when it was started, in milliseconds since 1970")),
  ended: nullable(integer("when its first process ended, in milliseconds since 1970")),
  duration: nullable(
    integer("from the start to the end, or until now, in milliseconds"),
  ),
  command: nullable(list("the command and its arguments", text("a word"))),
  directory: nullable(text("the directory it was started in")),
  log: nullable(text("where its output goes; null if to its caller")),
  limits,
  usage: nullable(usage),
};

const status: Schema<TaskState & { exitCommands: ListedExit[] }> = object(
  "all that is known of one task",
  {
    namespace,
    task,
    ...facts,
    processes: integer("how many processes it has"),
    exitCommands,
  },
);

const ls = object("the tasks asked for", {
  namespace,
  count: integer("how many tasks are listed"),
  tasks: byTask(
    "the tasks by their names",
    object("a task", {
      state,
      count: integer("how many processes it has"),
      processes,
      why: facts.why,
      ...exit,
      ended: facts.ended,
      duration: nullable(integer("from the start to the end, in milliseconds")),
    }),
  ),
  exitCommands,
});

const dump = object("everything", {
  namespace,
  count: integer("how many tasks run"),
  nbcpus: integer("how many processors the host has online"),
  timestamp: integer("milliseconds since boot (CLOCK_BOOTTIME), for rates"),
  time: integer("milliseconds since 1970"),
  cpu: nullable(integer("processor time of all tasks that were, in nanoseconds")),
  memory: nullable(integer("memory of all tasks in bytes")),
  tasks: byTask(
    "the running tasks by their names",
    object("a task", {
      count: integer("how many processes it has"),
      cpu: nullable(integer("processor time in nanoseconds")),
      memory: nullable(integer("memory in bytes")),
      processes,
      ...facts,
    }),
  ),
  finished: byTask("the tasks that have ended, by their names", object("a task", facts)),
  exitCommands,
});

const run = object("the task that was started", {
  namespace,
  task,
  pid: integer("its first process: the command"),
  shim: integer("the process that keeps its exit status"),
  started: integer("when, in milliseconds since 1970"),
  command: list("the command and its arguments", text("a word")),
  directory: text("the directory it was started in"),
  log: facts.log,
  limits,
});

const check = object("whether tasks run", {
  namespace,
  tasks: byTask(
    "the tasks by their names",
    object("a task", {
      running: nullable(flag("whether it runs; null if that cannot be found out")),
      why,
      exitStatus,
    }),
  ),
});

const stop = object("what has become of the tasks", {
  namespace,
  tasks: byTask(
    "the tasks by their names",
    object("a task", {
      stopped: flag("whether it was running and has been stopped"),
      why,
      exitStatus,
    }),
  ),
});

const wait = object("how tasks have ended", {
  namespace,
  timedOut: flag("whether the time ran out first"),
  tasks: byTask(
    "the tasks by their names",
    object("a task", {
      ended: nullable(flag("whether it has ended; null if nothing is known of it")),
      status: nullable(integer("exit status as a shell gives it: 128 + n for signal n")),
      ...exit,
      why: nullable(text("why it is not known how it ended, if it is not")),
      exitStatus: integer("wait's exit status for it alone: its own, 124 or 125"),
    }),
  ),
});

const events = object("what becomes of a task, a line for each", {
  event: word(
    "what; ready: all that run now were present",
    ...["present", "ready", "start", "pause", "resume", "end"] as const,
  ),
  at: integer("when, in milliseconds since 1970; present: since when it runs"),
  task: nullable(text("the task")),
  run: nullable(integer("a number that no other run of the namespace has until reboot")),
  state: nullable(word("present, end: what it does, or how it ended", ...STATES)),
  why: facts.why,
  ...exit,
  stopped: facts.stopped,
});

const greeting = object("the first line of batch and of events: who speaks", {
  lanco: text("the version of lanco"),
  schema: integer("the number of the form that all this has: 2"),
  id: nothing("the line answers nothing"),
  event: nothing("the line tells of nothing"),
});

const batch = object("an answer; of events, lines with id and event come before it", {
  id: anything("what the request has as its id, else null"),
  exitStatus: integer("the exit status that the command would have"),
  output: anything("what the command prints as JSON, or else a text or null"),
  messages: list("what it says on standard error", text("a line")),
});

/** What the commands print with `--json`, and `dump` always, by the name of the command. */
export const SCHEMAS = {
  status,
  run,
  check,
  stop,
  wait,
  ls,
  dump,
  events,
  greeting,
  batch,
} as const;

/** The type of what a command prints. */
export type Output<Command extends keyof typeof SCHEMAS> = TypeOf<typeof SCHEMAS[Command]>;
