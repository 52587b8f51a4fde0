import { OverBudget } from "../../cli/budget.ts";
import { command, type Context, type Result } from "../../cli/command.ts";
import { Usage } from "../../cli/errors.ts";
import { duration, flag } from "../../cli/options.ts";
import { delay } from "../../cli/sleep.ts";
import { actsForRoot, readVariables } from "../../namespace/caller.ts";
import { readNamespace } from "../../namespace/namespace.ts";
import { plainTable } from "../../show/table.ts";
import { tellRoot } from "../../stop/stop_by_key.ts";
import { KEYS } from "./help.ts";
import { live } from "./live.ts";
import { initialState, update } from "./model.ts";
import { Sampler } from "./sampler.ts";
import { Console, isCapable, styleOf } from "./terminal.ts";
import { realWorld } from "./world.ts";

/** How long --once measures CPU use by default, in seconds. */
const ONCE_INTERVAL = 0.2;

export default command({
  help: `Usage: lanco <namespace> top [-n seconds] [--once] [filter]

Shows the running tasks and what they use, live; with a filter, those whose name
or command contains it. The bar beside CPU is full when a task uses all it may.

@OPTIONS@

${
    KEYS.filter(([keys]) => !/^ctrl/.test(keys)).map(([keys, effect]) =>
      `  ${keys.padEnd(14)}${effect}\n`
    ).join("")
  }
Examples:
  lanco web top
  lanco web top --once | sort -k4 -nr
`,
  options: {
    interval: duration(
      "-n, --interval SECONDS",
      `between two updates (1); with --once, to measure (${ONCE_INTERVAL})`,
      { min: 0.1, max: 3600 },
    ),
    once: flag("--once", "print a table, for scripts and pipes, and leave"),
  },
  operands: "filter",
  maxSilence: ({ once, interval = ONCE_INTERVAL }) => once ? 30_000 + interval * 1000 : Infinity,
  stopsByKey: ({ once }) => !once,
  async run(context, { filter, once: isOnce, interval = isOnce ? ONCE_INTERVAL : 1 }) {
    return isOnce
      ? await once(context, interval * 1000, filter)
      : { status: await watch(context, interval * 1000, filter) };
  },
});

/** Measures once, and returns the table of the tasks, with the exit status. */
async function once(context: Context, interval: number, filter: string): Promise<Result<string>> {
  const namespace = readNamespace(context.namespace);
  const sampler = new Sampler(namespace);
  const first = initialState(context.namespace, namespace.host, filter);
  sampler.sample();
  await delay(interval);
  const { state } = update(first, { type: "sample", sample: sampler.sample() });
  if (state.isTruncated) await context.report(new OverBudget());
  const output = plainTable(state.rows, {
    cpus: state.host.cpus,
    stopping: state.stopping,
    style: { colour: false, unicode: true },
  });
  return { status: state.isTruncated ? 1 : 0, output };
}

/** Shows the live screen until the user leaves it. Returns the exit status. */
async function watch(context: Context, interval: number, filter: string): Promise<number> {
  const namespace = readNamespace(context.namespace);
  const environment = readVariables();
  if (!isCapable(environment.get("TERM"))) {
    throw new Usage("top needs a terminal, and TERM to say which: use --once");
  }
  const { status, stopping, byKey } = await live(
    initialState(context.namespace, namespace.host, filter),
    {
      terminal: new Console(),
      world: realWorld(namespace),
      style: styleOf(environment, Deno.noColor),
      interval,
    },
  );
  if (byKey && actsForRoot()) tellRoot({ quit: true });
  for (const task of stopping) {
    (await context.logger()).warn(
      `task ${task} was still being stopped: see "lanco ${context.namespace} stop ${task}"`,
    );
  }
  return status;
}
