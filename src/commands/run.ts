import { command, type Context, reportWarnings, type Result } from "../cli/command.ts";
import { defined } from "../cli/defined.ts";
import { AlreadyRunning, RootLaunchesNothing, Usage } from "../cli/errors.ts";
import { flag, list, type OptionValues, text, value, variables } from "../cli/options.ts";
import { launch } from "../launch/launch.ts";
import { unlessStarted } from "../launch/other_launch.ts";
import type { LaunchOptions } from "../launch/launch_options.ts";
import { parseOomScore } from "../launch/oom_score.ts";
import { actsForRoot } from "../namespace/caller.ts";
import type { Namespace } from "../namespace/description.ts";
import { readNamespace } from "../namespace/namespace.ts";
import type { Output } from "../show/schema.ts";
import { isRunning } from "../task/task.ts";
import { LABEL } from "./label_options.ts";
import { inSeconds, withProgress } from "./progress_line.ts";
import { LIMITS, parseLimits } from "./limit_options.ts";
import { OUTPUT, outputOf } from "./output_options.ts";
import { STOP_MANNER, stopMannerOf } from "./stop_options.ts";
import { TIME_LIMIT, timeLimitOf } from "./time_limit_options.ts";

const OPTIONS = {
  ...OUTPUT,
  chdir: text("--chdir DIR", "change to this directory first", { value: "directory" }),
  stdin: text("--stdin FILE", "read the standard input from this file", { value: "file" }),
  oomScoreAdj: value(
    "--oom-score-adj N",
    "oom_score_adj, -1000 to 1000 (the caller's, or 0)",
    ["a number from -1000 to 1000", "number"],
    parseOomScore,
  ),
  env: variables("--env NAME=VALUE", "set a variable; may be repeated"),
  envFile: list(
    "--env-file FILE",
    "set the variables in FILE, a line NAME=VALUE each",
    { value: "file" },
  ),
  label: LABEL,
  ...STOP_MANNER,
  once: flag("--once", "not if this name is on record: see forget"),
  replace: flag("--replace", "stop the run of this name first, if there is one"),
  ...TIME_LIMIT,
  json: flag("--json", "print JSON about the started task"),
  ...LIMITS,
  exitCommand: text(
    "-c, --command COMMAND",
    "when the task has ended, run this by /bin/sh, with LANCO_NAMESPACE, LANCO_TASK and LANCO_STATUS",
  ),
};

export default command({
  help: `Usage: lanco <namespace> run [options] task command...
       lanco <namespace> start ...

Starts a task and returns when its command has been executed, outside of every
cgroup of the caller. Its output goes to a log, which "logs" shows.

@OPTIONS@

Examples:
  lanco web run import ./import --all
  lanco web run -c 'mail -s "$LANCO_TASK: $LANCO_STATUS" ops' import ./import
`,
  options: OPTIONS,
  operands: "command",
  launches: true,
  // In the foreground 1 could be the status of the command.
  failureStatus: ({ foreground }) => foreground ? 125 : 1,
  async run(context, { task, command, ...options }) {
    if (options.json && options.foreground) {
      throw new Usage("--json would be mixed with the output of -f: leave one out");
    }
    if (options.once && options.replace) {
      throw new Usage("--once starts nothing anew, and --replace does: give one of them");
    }
    const namespace = readNamespace(context.namespace);
    if (actsForRoot()) throw new RootLaunchesNothing(context.namespace, namespace.owner);
    const how = { ...await read(namespace, task, options), command };
    return await start(context, namespace, task, how);
  },
  summary: ({ task, pid }) => `task ${task} has been started, process ${pid}`,
});

async function start(
  context: Context,
  namespace: Namespace,
  task: string,
  options: LaunchOptions,
): Promise<Result<Output<"run">>> {
  // Most runs log no message and stay in the background, so these modules are loaded when needed.
  const logger = context.log.verbosity > 0 ? await context.logger() : undefined;
  logger?.info(`run ${options.command[0]}`);
  const foreground = options.foreground ? await import("../launch/foreground.ts") : undefined;
  const follower = foreground?.forwardSignals();
  const launching = async () => {
    // This only saves most callers the work of a launch that fails: launch() decides.
    if (!options.replace && isRunning(context.namespace, task)) throw new AlreadyRunning(task);
    if (options.once) (await import("../launch/once_mark.ts")).onceMarkOf(namespace, task);
    return await launch(namespace, task, {
      ...options,
      ...(logger ? { debug: (text: string) => logger.debug(text) } : {}),
      ...defined({ batch: context.batch?.services }),
    });
  };
  const { pid, shim, record, admission, unlimited } = await (options.replace
    ? withProgress(
      context,
      (elapsed) => `stopping the run of ${task} before: for ${inSeconds(elapsed)} now`,
      launching,
    )
    : unlessStarted(context.namespace, task, launching));
  logger?.info(`task ${task} was admitted in ${admission.toFixed(1)} ms`);
  await reportWarnings(context, (warn) => {
    for (const message of unlimited) warn(message);
    if (shim.leaks.length > 0) {
      const leaks = shim.leaks.join(", ");
      warn(`task ${task} inherits the descriptors ${leaks}: install bash to close them`);
    }
    if (shim.lost !== "") {
      warn(`task ${task} does not inherit the variables ${shim.lost}: install coreutils 8.30`);
    }
  });
  const { version: _, inode: __, sinceBoot: ___, ...rest } = record;
  const { stop = {}, timeout = null, once = false, logMax = null } = record;
  const shown = { ...rest, logMax, stop, timeout, once, pid };
  const output: Output<"run"> = { namespace: context.namespace, ...shown };
  return { status: follower === undefined ? 0 : await follower(pid, shim.status), output };
}

async function read(
  namespace: Namespace,
  task: string,
  options: OptionValues<typeof OPTIONS>,
): Promise<Omit<LaunchOptions, "command">> {
  const { chdir, stdin, oomScoreAdj, exitCommand, env, envFile } = options;
  const stop = stopMannerOf(options);
  const timeout = timeLimitOf(options, stop);
  const fromFiles = envFile.length === 0
    ? []
    : envFile.flatMap((await import("../launch/variables.ts")).readVariables);
  return {
    variables: new Map([...fromFiles, ...env]),
    ...outputOf(namespace, task, options),
    limits: parseLimits(options, () => namespace.host),
    labels: options.label,
    once: options.once,
    replace: options.replace,
    bestEffort: options.bestEffort,
    ...defined({ input: stdin, oomScore: oomScoreAdj, directory: chdir }),
    ...defined({ exitCommand, stop, timeout }),
  };
}
