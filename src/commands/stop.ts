import { printableJson } from "../cli/printable.ts";
import type { Output } from "../show/schema.ts";
import type { Command } from "../cli/context.ts";
import { Failed, reason, Usage } from "../cli/errors.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { wholeNumber } from "../cli/options.ts";
import { parseSignal } from "../task/signals.ts";
import { stop } from "../stop/stop.ts";
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
    return eachTask(context, options.operands, async (task) => {
      await stop(namespace, task, { signal, patience, ...debug });
      logger?.info(`task ${task} has been terminated successfully`);
    }, options.count("json") ? { tell } : {});
  },
};

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
