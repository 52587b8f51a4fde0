import { command, type Context } from "../cli/command.ts";
import { Failed, LancoError, UnknownTask } from "../cli/errors.ts";
import { duration, flag } from "../cli/options.ts";
import { readNamespace } from "../namespace/namespace.ts";
import type { Output } from "../show/schema.ts";
import { RunEnd } from "../task/run_end.ts";
import { EndWatch } from "../task/end_watch.ts";
import { exitOf } from "../task/signals.ts";

/** `wait -t` has run out, as in timeout(1). */
const TIMED_OUT = 124;

/** lanĉo itself has failed, or it is not known how the task ended. */
const FAILED = 125;

export default command({
  help: `Usage: lanco <namespace> wait [-t seconds] [--any] [--json] task...

Waits until tasks have ended, and exits with their status: with the first that is
not 0, in the order given. One that has ended already is not waited for. Exits with
124 if the time runs out, with 125 if it is not known how a task ended, or nothing is
known of it at all.

@OPTIONS@

Examples:
  lanco web wait import && lanco web run report ./report
  lanco web wait -t 0.5 --any import export
`,
  options: {
    timeout: duration(
      "-t, --timeout SECONDS",
      "wait no longer than that; fractions are allowed",
    ),
    any: flag("--any", "wait for one of them only; its name is printed"),
    json: flag("--json", "print JSON"),
  },
  operands: "known tasks",
  maxSilence: () => Infinity,
  failureStatus: () => FAILED,
  text: ({ tasks }: Output<"wait">, { any }) => {
    const first = any ? firstEnded(Object.entries(tasks)) : undefined;
    return first === undefined ? "" : `${first[0]}\n`;
  },
  async run(context, { tasks: names, timeout = Infinity, any }) {
    const tasks: Asked[] = [];
    let watch: EndWatch | undefined;
    try {
      await hold(context, names, tasks);
      context.batch?.releaseTurn();
      watch = new EndWatch(context.namespace, names);
      if (context.batch !== undefined) context.batch.sleeper = watch;
      const deadline = performance.now() + timeout * 1000;
      while (!isOver(tasks, any)) {
        const left = deadline - performance.now();
        if (left <= 0) break;
        if (context.batch?.cancelled) throw new Failed("the wait was taken back");
        await watch.next(left);
      }
      return await answer(context, tasks, any);
    } finally {
      watch?.close();
      for (const { run } of tasks) run?.close();
    }
  },
});

/** A task that is asked for. */
interface Asked {
  /** Its name. */
  task: string;
  /** Its run that is waited for; nothing if nothing is known of the task. */
  run?: RunEnd | undefined;
  /** Why nothing can be said of it, if that is so. */
  unknown?: LancoError;
}

/** What nothing is known of is told at once, and the others are waited for all the same. */
async function hold(context: Context, names: readonly string[], tasks: Asked[]): Promise<void> {
  const namespace = readNamespace(context.namespace);
  for (const task of names) {
    const asked: Asked = { task };
    tasks.push(asked);
    try {
      asked.run = await RunEnd.hold(namespace, task);
      if (asked.run === undefined) throw new UnknownTask(context.namespace, task, "ERROR");
    } catch (error) {
      if (!(error instanceof Failed || error instanceof UnknownTask)) throw error;
      asked.unknown = error;
      await context.report(error);
    }
  }
}

function isOver(tasks: readonly Asked[], any: boolean): boolean {
  const runs = tasks.flatMap(({ run }) => run ?? []);
  return any && runs.length > 0
    ? runs.some((run) => run.ended())
    : runs.every((run) => run.ended());
}

/** What came of one of the tasks that were waited for. */
type Outcome = Output<"wait">["tasks"][string];

function outcome({ task, run, unknown }: Asked): Outcome {
  if (run === undefined) {
    const why = unknown?.message ?? null;
    return { ended: null, status: null, ...exitOf(undefined), why, exitStatus: FAILED };
  }
  const ended = run.ended();
  const status = ended ? run.status() : undefined;
  const lost = ended && status === undefined
    ? `unknown how task ${task} ended: its shim was killed before it could tell`
    : null;
  return {
    ended,
    status: status ?? null,
    ...exitOf(status),
    why: lost,
    exitStatus: ended ? status ?? FAILED : TIMED_OUT,
  };
}

function firstEnded(outcomes: readonly [string, Outcome][]): [string, Outcome] | undefined {
  return outcomes.find(([, { ended }]) => ended);
}

/** What came of all. */
async function answer(context: Context, tasks: readonly Asked[], any: boolean) {
  const outcomes = tasks.map((asked): [string, Outcome] => [asked.task, outcome(asked)]);
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
