import { AwaitedTask } from "../task/awaited.ts";
import { Bell } from "../task/ends.ts";
import { printableJson } from "../cli/printable.ts";
import type { Output } from "../show/schema.ts";
import type { Command, Context } from "../cli/context.ts";
import { Failed, LancoError, reason, Usage } from "../cli/errors.ts";
import { taskName } from "../cli/names.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { seconds } from "../cli/options.ts";
import { exitOf } from "../task/signals.ts";
import { unknownTask } from "../task/unknown_task.ts";

/** `wait -t` has run out, as in timeout(1). */
const TIMED_OUT = 124;

/** lanĉo itself has failed, or it is not known how the task ended. */
const FAILED = 125;

const wait: Command = {
  help: `Usage: lanco <namespace> wait [-t seconds] [--any] [--json] task...

Waits until tasks have ended, and exits with their status: with the first that is
not 0, in the order given. One that has ended already is not waited for. Exits with
124 if the time runs out, with 125 if it is not known how a task ended.

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
  async run(context, options) {
    const tasks = [...new Set(options.operands.map(taskName))];
    if (tasks.length === 0) throw new Usage("which task? Give its name");
    const given = options.value("timeout");
    const timeout = given === undefined ? Infinity : seconds("-t", given) * 1000;
    const any = options.count("any") > 0;
    const held: AwaitedTask[] = [];
    let bell: Bell | undefined;
    try {
      await hold(context, tasks, held);
      context.batch?.goOn();
      bell = new Bell(context.namespace, tasks);
      if (context.batch !== undefined) context.batch.sleeper = bell;
      const deadline = performance.now() + timeout;
      while (!isOver(held, any)) {
        const left = deadline - performance.now();
        if (left <= 0) break;
        if (context.batch?.cancelled) throw new Failed("the wait was taken back");
        await bell.next(left);
      }
      const ended = held.filter((task) => task.ended());
      if (options.count("json")) context.print(renderJson(context.namespace, held, any));
      else if (any && ended[0]) context.print(`${ended[0].task}\n`);
      return await answer(context, any ? ended.slice(0, 1) : held);
    } catch (error) {
      // 1 may be a task's own status.
      if (error instanceof LancoError && error.exitStatus !== 1) throw error;
      throw new LancoError(reason(error), FAILED);
    } finally {
      bell?.close();
      for (const task of held) task.close();
    }
  },
};

async function hold(context: Context, tasks: string[], held: AwaitedTask[]): Promise<void> {
  const namespace = readNamespace(context.namespace);
  for (const task of tasks) {
    const run = await AwaitedTask.hold(namespace, task);
    if (run === undefined) throw await unknownTask(namespace, task);
    held.push(run);
  }
}

function isOver(tasks: readonly AwaitedTask[], any: boolean): boolean {
  return any ? tasks.some((task) => task.ended()) : tasks.every((task) => task.ended());
}

async function answer(context: Context, tasks: readonly AwaitedTask[]): Promise<number> {
  if (tasks.length === 0 || tasks.some((task) => !task.ended())) return TIMED_OUT;
  const statuses: number[] = [];
  for (const task of tasks) {
    const status = task.status();
    if (status === undefined) {
      const logger = await context.logger();
      logger.error(
        `unknown how task ${task.task} ended: its shim was killed before it could tell`,
      );
    }
    statuses.push(status ?? FAILED);
  }
  return statuses.find((status) => status !== 0) ?? 0;
}

/** What `wait --json` prints; see `schema.ts`. */
function renderJson(namespace: string, tasks: readonly AwaitedTask[], any: boolean): string {
  const byName = tasks.map((task) => {
    const status = task.ended() ? task.status() : undefined;
    return [task.task, { ended: task.ended(), status: status ?? null, ...exitOf(status) }] as const;
  });
  const running = tasks.filter((task) => !task.ended());
  const timedOut = running.length > (any ? tasks.length - 1 : 0);
  const output: Output<"wait"> = { namespace, timedOut, tasks: Object.fromEntries(byName) };
  return printableJson(output) + "\n";
}

export default wait;
