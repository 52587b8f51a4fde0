import { AwaitedTask } from "../task/awaited.ts";
import { Bell } from "../task/ends.ts";
import { printableJson } from "../cli/printable.ts";
import type { Output } from "../show/schema.ts";
import { type Command, type Context, report } from "../cli/context.ts";
import { Failed, LancoError, reason, Usage } from "../cli/errors.ts";
import { taskName } from "../cli/names.ts";
import { type Namespace, readNamespace } from "../namespace/namespace.ts";
import { seconds } from "../cli/options.ts";
import { exitOf } from "../task/signals.ts";
import { nothingKnown } from "../task/unknown_task.ts";

/** `wait -t` has run out, as in timeout(1). */
const TIMED_OUT = 124;

/** lanĉo itself has failed, or it is not known how the task ended. */
const FAILED = 125;

const wait: Command = {
  help: `Usage: lanco <namespace> wait [-t seconds] [--any] [--json] task...

Waits until tasks have ended, and exits with their status: with the first that is
not 0, in the order given. One that has ended already is not waited for. Exits with
124 if the time runs out, with 125 if it is not known how a task ended, or nothing is
known of it at all.

  -t, --timeout SECONDS  wait no longer than that; fractions are allowed
      --any              wait for one of them only; its name is printed
      --json             print JSON

Examples:
  lanco web wait import && lanco web run report ./report
  lanco web wait -t 0.5 --any import export
`,
  options: {
    flags: ["any", "json"],
    values: ["timeout"],
    alias: { t: "timeout" },
    interleaved: true,
  },
  operands: "known tasks",
  byOwner: () => ({ patience: Infinity, lost: FAILED }),
  async run(context, options) {
    const names = [...new Set(options.operands.map(taskName))];
    if (names.length === 0) throw new Usage("which task? Give its name");
    const given = options.value("timeout");
    const timeout = given === undefined ? Infinity : seconds("-t", given) * 1000;
    const any = options.count("any") > 0;
    const tasks: Asked[] = [];
    let bell: Bell | undefined;
    try {
      await hold(context, names, tasks);
      context.batch?.goOn();
      bell = new Bell(context.namespace, names);
      if (context.batch !== undefined) context.batch.sleeper = bell;
      const deadline = performance.now() + timeout;
      while (!isOver(tasks, any)) {
        const left = deadline - performance.now();
        if (left <= 0) break;
        if (context.batch?.cancelled) throw new Failed("the wait was taken back");
        await bell.next(left);
      }
      return await answer(context, tasks, { any, json: options.count("json") > 0 });
    } catch (error) {
      // 1 may be a task's own status.
      if (error instanceof LancoError && error.exitStatus !== 1) throw error;
      throw new LancoError(reason(error), FAILED);
    } finally {
      bell?.close();
      for (const { run } of tasks) run?.close();
    }
  },
};

/** A task that is asked for. */
interface Asked {
  /** Its name. */
  task: string;
  /** Its run that is waited for; nothing if nothing is known of the task. */
  run: AwaitedTask | undefined;
  /** Why nothing can be said of it, if that is so. */
  why: string | null;
}

/** What nothing is known of is told at once, and the others are waited for all the same. */
async function hold(context: Context, names: string[], tasks: Asked[]): Promise<void> {
  const namespace = readNamespace(context.namespace);
  for (const task of names) {
    const asked = await look(context, namespace, task);
    tasks.push(asked);
    if (asked.why !== null) await report(context, { message: asked.why, level: "ERROR" });
  }
}

async function look(context: Context, namespace: Namespace, task: string): Promise<Asked> {
  try {
    const run = await AwaitedTask.hold(namespace, task);
    return {
      task,
      run,
      why: run === undefined ? await nothingKnown(namespace, task, context) : null,
    };
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    return { task, run: undefined, why: error.message };
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

function outcome({ task, run, why }: Asked): Outcome {
  if (run === undefined) {
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

/** Tells what came of all. Returns the exit status. */
async function answer(
  context: Context,
  tasks: readonly Asked[],
  { any, json }: { any: boolean; json: boolean },
): Promise<number> {
  const outcomes = tasks.map((asked) => [asked.task, outcome(asked)] as const);
  const first = outcomes.find(([, { ended }]) => ended);
  const running = outcomes.filter(([, { ended }]) => ended === false);
  const timedOut = running.length > 0 && !(any && first !== undefined);
  if (json) {
    const all = Object.fromEntries(outcomes);
    const output: Output<"wait"> = { namespace: context.namespace, timedOut, tasks: all };
    context.print(printableJson(output) + "\n");
  } else if (any && first !== undefined) context.print(`${first[0]}\n`);
  if (timedOut) return TIMED_OUT;
  const counted = any && first !== undefined ? [first] : outcomes;
  for (const [, { ended, why }] of counted) {
    if (ended && why !== null) await report(context, { message: why, level: "ERROR" });
  }
  return counted.map(([, { exitStatus }]) => exitStatus).find((status) => status !== 0) ?? 0;
}

export default wait;
