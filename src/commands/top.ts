import type { Command, Context } from "../cli/context.ts";
import { readVariables } from "../namespace/caller.ts";
import { Usage } from "../cli/errors.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { type Options, seconds } from "../cli/options.ts";
import { KEYS } from "../top/help.ts";
import { live } from "../top/live.ts";
import { initialState, update } from "../top/model.ts";
import { Sampler } from "../top/sampler.ts";
import { plainTable } from "../top/table.ts";
import { Console, isCapable, styleOf } from "../top/terminal.ts";
import { realWorld } from "../top/world.ts";

/** How long --once measures the use of processors, in seconds. */
const ONCE_INTERVAL = 0.2;

function interval(options: Options, otherwise: number): number {
  const bounds = { min: 0.1, max: 3600 };
  return seconds("-n", options.value("interval") ?? String(otherwise), bounds) * 1000;
}

async function once(context: Context, options: Options, filter: string): Promise<number> {
  const namespace = readNamespace(context.namespace);
  const sampler = new Sampler(namespace);
  const wait = interval(options, ONCE_INTERVAL);
  const first = initialState(context.namespace, namespace.host, filter);
  sampler.sample();
  await new Promise((resolve) => setTimeout(resolve, wait));
  const { state } = update(first, { type: "sample", sample: sampler.sample() });
  context.print(plainTable(state.rows, {
    cpus: state.host.cpus,
    stopping: state.stopping,
    style: { colour: false, unicode: true },
  }));
  return 0;
}

async function watch(context: Context, options: Options, filter: string): Promise<number> {
  const pause = interval(options, 1);
  const namespace = readNamespace(context.namespace);
  const environment = readVariables();
  if (!isCapable(environment.get("TERM"))) {
    throw new Usage("top needs a terminal, and TERM to say which: use --once");
  }
  const { status, stopping } = await live(
    initialState(context.namespace, namespace.host, filter),
    {
      terminal: new Console(),
      world: realWorld(namespace),
      style: styleOf(environment, Deno.noColor),
      interval: pause,
    },
  );
  for (const task of stopping) {
    (await context.logger()).warn(
      `task ${task} was still being stopped: see "lanco ${context.namespace} stop ${task}"`,
    );
  }
  return status;
}

const top: Command = {
  help: `Usage: lanco <namespace> top [-n seconds] [--once] [filter]

Shows the running tasks and what they use, live: those whose name or command contains
the filter. CPU % is of one processor; its bar is full when all is used that the task
may have. With --once, prints a table for scripts and pipes instead.

  -n, --interval SECONDS  look so often (1); with --once, measure CPU so long (${ONCE_INTERVAL})
      --once              print a table and leave

Keys:
${KEYS.map(([keys, what]) => `  ${keys.padEnd(14)}${what}\n`).join("")}
Examples:
  lanco web top
  lanco web top --once | sort -k4 -nr
`,
  options: {
    flags: ["once"],
    values: ["interval"],
    alias: { n: "interval" },
    interleaved: true,
  },
  operands: "patterns",
  byOwner: (options) =>
    options.count("once") > 0
      ? { patience: 30_000 + interval(options, ONCE_INTERVAL) }
      : { patience: Infinity },
  run(context, options) {
    const [filter = "", ...more] = options.operands;
    if (more.length > 0) throw new Usage("top takes one filter at most: see -h");
    return options.count("once") > 0
      ? once(context, options, filter)
      : watch(context, options, filter);
  },
};

export default top;
