import { printableJson } from "../cli/printable.ts";
import type { Output } from "../show/schema.ts";
import { type Command, type Context, warning } from "../cli/context.ts";
import { Failed, LancoError, reason, Usage } from "../cli/errors.ts";
import { taskName } from "../cli/names.ts";
import { effectiveUser } from "../namespace/caller.ts";
import { type Namespace, readNamespace } from "../namespace/namespace.ts";
import { wholeNumber } from "../cli/options.ts";
import { parseSignal } from "../task/signals.ts";
import { stop, type StopOptions } from "../stop/stop.ts";
import { eachTask, type Outcome } from "./each_task.ts";

const command: Command = {
  help: `Usage: lanco <namespace> stop [-s signal] [-t seconds] [--now] [--json] task...
       lanco <namespace> kill ...

Stops tasks with all their processes: sends TERM, waits, sends TERM again, waits,
kills. When it returns 0, nothing of them is left. Of a task that does not run it
stops the exit command, if that runs.

  -s, --signal SIGNAL  ask with this signal instead of TERM
  -t, --timeout N      kill after N seconds (30)
      --now            kill at once, the whole tree
      --json           print JSON

Examples:
  lanco web stop import
  lanco web stop --now import export
`,
  options: {
    flags: ["now", "json"],
    values: ["signal", "timeout"],
    alias: { s: "signal", t: "timeout" },
    interleaved: true,
  },
  operands: "tasks to stop",
  isForRoot: () => true,
  async run(context, options) {
    const signal = parseSignal(options.value("signal") ?? "TERM");
    const seconds = wholeNumber("-t", options.value("timeout") ?? "30", { max: 86_400 });
    const patience = options.count("now") ? 0 : seconds * 1000;
    if (options.operands.length === 0) throw new Usage("which task? Give its name");
    const namespace = readNamespace(context.namespace);
    const logger = context.log.verbosity > 0 ? await context.logger() : undefined;
    const debug = logger && { debug: (text: string) => logger.debug(text) };
    const tell = (outcomes: Record<string, Outcome>) => {
      try {
        context.print(renderJson(context.namespace, outcomes));
      } catch (error) {
        throw new Failed(`${stopped(outcomes)}: ${reason(error)}`);
      }
    };
    const how = { signal, patience, ...debug };
    const stopTask = effectiveUser() === 0 && namespace.uid !== 0
      ? await asRoot(context, namespace, options.operands, how)
      : (task: string) => stop(namespace, task, how);
    return eachTask(context, options.operands, async (task) => {
      await stopTask(task);
      logger?.info(`task ${task} has been terminated successfully`);
    }, options.count("json") ? { tell } : {});
  },
};

/**
 * Has the owner of the tasks ask them to end. Returns what kills them if they have not.
 *
 * @throws {LancoError} with 128 + n, if signal n ends root's command before.
 */
async function asRoot(
  context: Context,
  namespace: Namespace,
  names: readonly string[],
  how: StopOptions,
): Promise<(task: string) => Promise<void>> {
  const { OwnersTasks } = await import("../root/stop.ts");
  const tasks = new OwnersTasks(namespace, names.map(taskName));
  how.debug?.(`have ${namespace.owner} stop what runs`);
  const { signalled, what = "" } = await tasks.ask(how) ?? {};
  if (signalled !== undefined) {
    throw new LancoError(what || "not all may have been stopped", signalled, "WARN");
  }
  if (what !== "") await warning(context, (warn) => warn(`${what}: root kills what is left`));
  return (task) => tasks.kill(task);
}

/** What is said in place of it, if it cannot be written. */
function stopped(outcomes: Record<string, Outcome>): string {
  const names = Object.entries(outcomes).filter(([, { exitStatus }]) => exitStatus === 0);
  return `stopped: ${names.map(([name]) => name).join(", ") || "nothing"}`;
}

/** What `stop --json` prints; see `schema.ts`. */
function renderJson(namespace: string, outcomes: Record<string, Outcome>): string {
  const tasks = Object.entries(outcomes).map(([task, { exitStatus, why }]) =>
    [task, { stopped: exitStatus === 0, why, exitStatus }] as const
  );
  const output: Output<"stop"> = { namespace, tasks: Object.fromEntries(tasks) };
  return printableJson(output) + "\n";
}

export default command;
