import type { Command } from "../context.ts";
import { Usage } from "../errors.ts";
import { readNamespace } from "../namespace.ts";
import { wholeNumber } from "../options.ts";
import { parseSignal } from "../signals.ts";
import { stop } from "../stop.ts";
import { eachTask } from "./each_task.ts";

const command: Command = {
  help: `Usage: lanco <namespace> stop [-s signal] [-t seconds] [--now] task...
       lanco <namespace> kill ...

Stops tasks with all their processes: sends TERM, waits, sends TERM again, waits,
kills. When it returns 0, nothing of them is left.

  -s, --signal SIGNAL  ask with this signal instead of TERM
  -t, --timeout N      kill after N seconds (30)
      --now            kill at once, the whole tree

Examples:
  lanco web stop import
  lanco web stop --now import export
`,
  options: {
    flags: ["now"],
    values: ["signal", "timeout"],
    alias: { s: "signal", t: "timeout" },
    interleaved: true,
  },
  operands: "running tasks",
  async run(context, options) {
    const signal = parseSignal(options.value("signal") ?? "TERM");
    const seconds = wholeNumber("-t", options.value("timeout") ?? "30", { max: 86_400 });
    const patience = options.count("now") ? 0 : seconds * 1000;
    if (options.operands.length === 0) throw new Usage("which task? Give its name");
    const namespace = readNamespace(context.namespace);
    const logger = await context.logger();
    return eachTask(context, options.operands, async (task) => {
      await stop(namespace, task, { signal, patience, debug: (text) => logger.debug(text) });
      logger.info(`task ${task} has been terminated successfully`);
    });
  },
};

export default command;
