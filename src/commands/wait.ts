import { chooseRun, type RunChoice } from "../task/choose_run.ts";
import { chosenTasks, SEVERAL } from "./several_tasks.ts";
import { inSeconds, someOf, withProgress } from "./progress_line.ts";
import { RUN } from "./run_option.ts";
import { command, type Context } from "../cli/command.ts";
import { Failed, LancoError, UnknownRun, UnknownTask } from "../cli/errors.ts";
import { duration, flag } from "../cli/options.ts";
import type { Namespace } from "../namespace/description.ts";
import { readNamespace } from "../namespace/namespace.ts";
import type { Output } from "../show/schema.ts";
import { lostRuns } from "../task/host_crash.ts";
import { RunEnd } from "../task/run_end.ts";
import { EndWatch } from "../task/end_watch.ts";
import { exitOf } from "../task/signals.ts";

/** The exit status if the time of `wait -t` has run out, as that of timeout(1). */
const TIMED_OUT = 124;

/** The exit status if lanĉo has failed, or if it is not known how a task ended. */
const FAILED = 125;

export default command({
  help: `Usage: lanco <namespace> wait [options] task|pattern...
       lanco <namespace> wait [options] --label NAME[=VALUE] | --all

Waits until tasks have ended, and exits with the first of their statuses that is
not 0, in the order of their names here. Tasks that have ended already count at
once. Exits with 124 if the time runs out, and with 125 if nothing is known of a
task, or of how it ended.

@OPTIONS@

Examples:
  lanco web wait import && lanco web run report ./report
  lanco web wait -t 0.5 --any import export
`,
  options: {
    timeout: duration(
      "-t, --timeout SECONDS",
      "wait no longer than SECONDS; fractions are allowed",
    ),
    run: RUN,
    ...SEVERAL,
    any: flag("--any", "wait for the first task that ends, and print its name"),
    json: flag("--json", "print JSON"),
  },
  operands: "tasks to wait for",
  maxSilence: () => Infinity,
  failureStatus: () => FAILED,
  text: ({ tasks }: Output<"wait">, { any }) => {
    const first = any ? firstEnded(Object.entries(tasks)) : undefined;
    return first === undefined ? "" : `${first[0]}\n`;
  },
  async run(context, request) {
    const { timeout = Infinity, any, run } = request;
    const { tasks: names } = await chosenTasks(context, request);
    const tasks: AwaitedTask[] = [];
    let watch: EndWatch | undefined;
    try {
      await hold(context, names, run, tasks);
      context.batch?.releaseTurn();
      const changes = watch = new EndWatch(context.namespace, names);
      if (context.batch !== undefined) context.batch.wait = changes;
      const deadline = performance.now() + timeout * 1000;
      await withProgress(context, progress(tasks, deadline), async () => {
        while (!isOver(tasks, any)) {
          const left = deadline - performance.now();
          if (left <= 0) break;
          if (context.batch?.cancelled) throw new Failed("the wait was cancelled");
          await changes.next(left);
        }
      });
      return await answer(context, tasks, any);
    } finally {
      watch?.close();
      for (const { run } of tasks) run?.close();
    }
  },
});

/** Returns a function that says which tasks are waited for, and how long. */
function progress(tasks: readonly AwaitedTask[], deadline: number): (elapsed: number) => string {
  return (elapsed) => {
    const left = tasks.filter(({ run }) => run?.ended() === false).map(({ task }) => task);
    const time = deadline === Infinity
      ? `for ${inSeconds(elapsed)} now`
      : `for ${inSeconds(deadline - performance.now())} more at most`;
    return `waiting for the end of ${someOf(left)}: ${time}`;
  };
}

/** A task to wait for. */
interface AwaitedTask {
  task: string;
  /** The run that is waited for; undefined if the task is unknown. */
  run?: RunEnd | undefined;
  /** The error, if the task is unknown or its record cannot be read. */
  unknown?: LancoError;
}

/** Opens a run of each task, by default the last. Unknown ones are reported; the others are waited for all the same. */
async function hold(
  context: Context,
  names: readonly string[],
  choice: RunChoice | undefined,
  tasks: AwaitedTask[],
): Promise<void> {
  const namespace = readNamespace(context.namespace);
  for (const task of names) {
    const awaited: AwaitedTask = { task };
    tasks.push(awaited);
    try {
      awaited.run = choice === undefined
        ? await RunEnd.hold(namespace, task)
        : await RunEnd.holdRun(namespace, task, choice);
      if (awaited.run === undefined) throw unknown(namespace, task, choice);
    } catch (error) {
      const isAnswer = error instanceof UnknownTask || error instanceof UnknownRun;
      if (!(error instanceof Failed || isAnswer)) throw error;
      awaited.unknown = error;
      await context.report(error);
    }
  }
}

/** Returns the error for a run without a record. */
function unknown(namespace: Namespace, task: string, choice?: RunChoice): LancoError {
  const isLost = choice === undefined
    ? lostRuns(namespace).has(task)
    : chooseRun(namespace, task, choice)?.lost;
  const subject = choice === undefined ? `task ${task}` : `run ${choice} of task ${task}`;
  if (isLost) return new Failed(lostMessage(subject));
  return choice === undefined
    ? new UnknownTask(namespace.namespace, task, "ERROR")
    : new UnknownRun(namespace.namespace, choice, task, "ERROR");
}

function lostMessage(subject: string): string {
  return `${subject} was lost: the host went down while it ran`;
}

function isOver(tasks: readonly AwaitedTask[], any: boolean): boolean {
  const runs = tasks.flatMap(({ run }) => run ?? []);
  return any && runs.length > 0
    ? runs.some((run) => run.ended())
    : runs.every((run) => run.ended());
}

/** The outcome of one of the tasks. */
type Outcome = Output<"wait">["tasks"][string];

function outcome({ task, run, unknown }: AwaitedTask): Outcome {
  const ended = run === undefined ? null : run.ended();
  // The command may have ended, and a child of it go on.
  const status = run?.status();
  const lost = run?.isLost
    ? lostMessage(`task ${task}`)
    : `unknown how task ${task} ended: its shim was killed before it could tell`;
  return {
    ...run?.ids ?? { run: null, pid: null, labels: {} },
    ended,
    status: status ?? null,
    ...exitOf(status),
    timedOut: run?.timedOut() ?? false,
    why: unknown?.message ?? (ended && status === undefined ? lost : null),
    exitStatus: ended === false ? TIMED_OUT : status ?? FAILED,
  };
}

function firstEnded(outcomes: readonly [string, Outcome][]): [string, Outcome] | undefined {
  return outcomes.find(([, { ended }]) => ended);
}

/** Returns the result of the command, and reports the tasks of which it is not known how they ended. */
async function answer(context: Context, tasks: readonly AwaitedTask[], any: boolean) {
  const outcomes = tasks.map((awaited): [string, Outcome] => [awaited.task, outcome(awaited)]);
  const first = any ? firstEnded(outcomes) : undefined;
  const timedOut = first === undefined && outcomes.some(([, { ended }]) => ended === false);
  const output: Output<"wait"> = {
    namespace: context.namespace,
    timedOut,
    tasks: Object.fromEntries(outcomes),
  };
  if (timedOut) return { status: TIMED_OUT, output };
  const counted = first === undefined ? outcomes : [first];
  for (const [, { ended, why }] of counted) {
    if (ended && why !== null) await context.report(new LancoError(why, FAILED));
  }
  const statuses = counted.map(([, { exitStatus }]) => exitStatus);
  return { status: statuses.find((status) => status !== 0) ?? 0, output };
}
