import { command, type Context, reportWarnings } from "../cli/command.ts";
import { Failed, LancoError } from "../cli/errors.ts";
import { flag, value, whole } from "../cli/options.ts";
import { effectiveUser } from "../namespace/caller.ts";
import type { Namespace } from "../namespace/description.ts";
import { readNamespace } from "../namespace/namespace.ts";
import type { Output } from "../show/schema.ts";
import { patienceOf, stop, type StopOptions } from "../stop/stop.ts";
import { DEFAULT_MANNER } from "../task/stop_manner.ts";
import { parseSignal } from "../task/signals.ts";
import { withRunIds } from "../task/run_ids.ts";
import { chosenTasks, SEVERAL } from "./several_tasks.ts";
import { MAIN } from "./stop_options.ts";
import { eachTask, summaryOf, told } from "./each_task.ts";
import { inSeconds, someOf, withProgress } from "./progress_line.ts";

export default command({
  help: `Usage: lanco <namespace> stop [options] task|pattern...
       lanco <namespace> stop [options] --label NAME[=VALUE] | --all
       lanco <namespace> kill ...

Stops tasks with all their processes: sends TERM, waits, sends it again, waits,
kills. If it exits with 0, no process is left. What is not given here is as run
was told. Of a task that has ended, the exit command is stopped if it runs.

@OPTIONS@

Examples:
  lanco web stop import
  lanco web stop --now 'import-*'
`,
  options: {
    signal: value(
      "-s, --signal SIGNAL",
      "send this signal instead of TERM, or of run's",
      ['a signal such as "TERM", or its number', "text", "number"],
      parseSignal,
      { value: "signal" },
    ),
    timeout: whole("-t, --timeout N", "kill after N seconds (30, or as run was told)", {
      max: 86_400,
    }),
    main: MAIN,
    now: flag("--now", "kill at once, the whole tree"),
    ...SEVERAL,
    yes: flag("-y, --yes", "with --all, do not ask on a terminal"),
    json: flag("--json", "print JSON"),
  },
  operands: "tasks to stop",
  runsAsRoot: () => true,
  async run(context, request) {
    const { signal, timeout, main, now } = request;
    const { tasks, areSelected } = await chosenTasks(context, request);
    if (request.all && !request.yes && !await isConfirmed(context, tasks)) {
      throw new Failed("nothing was stopped");
    }
    const namespace = readNamespace(context.namespace);
    const logger = context.log.verbosity > 0 ? await context.logger() : undefined;
    const debug = logger && { debug: (text: string) => logger.debug(text) };
    const patience = now ? 0 : timeout && timeout * 1000;
    const how = { signal, patience, main, ...debug };
    const asOther = effectiveUser() === 0 && namespace.uid !== 0;
    const left = new Set(tasks);
    // Root does not open the records of others, in which the patience of a task may be.
    const longest = () =>
      asOther
        ? (patience ?? DEFAULT_MANNER.timeout) + GRACE_OF_ROOT
        : Math.max(...[...left].map((task) => patienceOf(namespace, task, { patience })));
    const { status, outcomes } = await withProgress(context, progress(left, longest), async () => {
      const stopTask = asOther
        ? await asRoot(context, namespace, tasks, how)
        : (task: string) => stop(namespace, task, how);
      return await eachTask(context, tasks, async (task) => {
        await stopTask(task).finally(() => left.delete(task));
        logger?.info(`task ${task} has been terminated successfully`);
      }, { mayHaveEnded: areSelected });
    });
    const output: Output<"stop"> = {
      namespace: context.namespace,
      tasks: told(outcomes, (task, { exitStatus, why }) => {
        const fields = { stopped: exitStatus === 0 && why === null, why, exitStatus };
        // Root does not open the records of others.
        return asOther
          ? { run: null, pid: null, labels: {}, ...fields }
          : withRunIds(context.namespace, task, fields);
      }),
    };
    return { status, output };
  },
  summary: ({ tasks }) => summaryOf("stopped", tasks, ({ stopped }) => stopped),
});

/** How much longer than the timeout root gives the owner's process to stop tasks, in milliseconds. */
const GRACE_OF_ROOT = 7000;

/** Returns a function that says which tasks are being stopped, and when they will be killed. */
function progress(left: ReadonlySet<string>, longest: () => number): (elapsed: number) => string {
  let known: number | undefined;
  return (elapsed) => {
    const rest = (known ??= longest()) - elapsed;
    const when = rest > 0 ? `killed in ${inSeconds(rest)}` : "being killed";
    return `stopping ${someOf([...left])}: ${when}`;
  };
}

/** Asks on a terminal whether the tasks are to be stopped. Returns true where there is no terminal to ask on. */
async function isConfirmed({ batch }: Context, tasks: readonly string[]): Promise<boolean> {
  if (batch !== undefined || tasks.length === 0) return true;
  const { confirmOnTerminal } = await import("../cli/confirmation.ts");
  const these = tasks.length === 1 ? "this task" : `these ${tasks.length} tasks`;
  return confirmOnTerminal(`${tasks.join("\n")}\nStop ${these}? [y/N] `);
}

/**
 * Has a process of the owner's stop the tasks. Returns a function by which root kills what is
 * left of a task.
 *
 * @throws {LancoError} with the status 128 + n, if signal n ends root's command before that.
 */
async function asRoot(
  context: Context,
  namespace: Namespace,
  names: readonly string[],
  how: StopOptions,
): Promise<(task: string) => Promise<void>> {
  const { OwnersTasks } = await import("../root/stop.ts");
  const tasks = new OwnersTasks(namespace, names);
  how.debug?.(`have ${namespace.owner} stop what runs`);
  const by = context.batch?.services.stopByOwner;
  const { signalled, what = "" } = await tasks.ask({ ...how, by }) ?? {};
  if (signalled !== undefined) {
    throw new LancoError(what || "not all may have been stopped", signalled, "WARN");
  }
  if (what !== "") {
    await reportWarnings(context, (warn) => warn(`${what}: root kills what is left`));
  }
  const { ConcurrencyLimit } = await import("./batch/concurrency_limit.ts");
  const limit = kills ??= new ConcurrencyLimit(KILLS);
  return (task) => limit.pass(() => tasks.kill(task));
}

/** How many tasks root kills at the same time, each by a shell. */
const KILLS = 32;

/** What keeps to that, for all requests of a batch. */
let kills: { pass<T>(act: () => Promise<T>): Promise<T> } | undefined;
