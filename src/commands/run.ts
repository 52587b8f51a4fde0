import { printableJson } from "../cli/printable.ts";
import type { Output } from "../show/schema.ts";
import { type Command, type Context, warning } from "../cli/context.ts";
import {
  AlreadyRunning,
  Failed,
  LancoError,
  reason,
  RootLaunchesNothing,
  Usage,
} from "../cli/errors.ts";
import { actsForRoot } from "../namespace/caller.ts";
import { LIMIT_HELP, LIMIT_OPTIONS, parseLimits } from "../cgroup/limits.ts";
import { parseOomScore } from "../launch/oom_score.ts";
import { launch, type Launched, type LaunchOptions } from "../launch/launch.ts";
import { taskName } from "../cli/names.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { type Options, wholeNumber } from "../cli/options.ts";
import { logFile } from "../namespace/paths.ts";
import { isRunning } from "../task/task.ts";

/** How many rotated logs of a task are kept, unless `--keep` says another number. */
export const KEPT_LOGS = 10;

const run: Command = {
  help: `Usage: lanco <namespace> run [options] task command...
       lanco <namespace> start ...

Starts a task and returns when its command has been executed, outside of every
cgroup of the caller. Its output goes to /var/log/lanco-<namespace>/task-<task>.log.

  -f, --foreground       wait for the command on this terminal, exit with its status
  -L, --log              log the output in the foreground too
  -l, --logfile FILE     log to this file
      --keep N           keep N rotated logs (${KEPT_LOGS})
      --chdir DIR        change to this directory first
      --stdin FILE       read the standard input from this file
      --oom-score-adj N  what the kernel kills first, -1000 to 1000 (the caller's, or 0)
      --env NAME=VALUE   set a variable of the environment; may be repeated
      --env-file FILE    set those in FILE, NAME=VALUE a line, # begins a comment
      --json             print JSON of what was started
${LIMIT_HELP}  -c, --command COMMAND  when the task has ended, run this by /bin/sh, with
                         LANCO_NAMESPACE, LANCO_TASK and LANCO_STATUS

Examples:
  lanco web run import ./import --all
  lanco web run -c 'mail -s "$LANCO_TASK: $LANCO_STATUS" ops' nightly make nightly
`,
  options: {
    flags: ["foreground", "log", "json", ...LIMIT_OPTIONS.flags],
    values: [
      "logfile",
      "keep",
      "chdir",
      "stdin",
      "oom-score-adj",
      "command",
      ...LIMIT_OPTIONS.values,
    ],
    lists: ["env", "env-file"],
    alias: { f: "foreground", L: "log", l: "logfile", c: "command", ...LIMIT_OPTIONS.alias },
  },
  operands: "command",
  launches: true,
  async run(context, options) {
    const [name, ...command] = options.operands;
    if (actsForRoot()) {
      const { owner } = readNamespace(context.namespace);
      throw new RootLaunchesNothing(context.namespace, owner);
    }
    if (name === undefined) throw new Usage("which task? Give its name, then its command");
    const task = taskName(name);
    if (command[0] === "--") command.shift();
    else if (command[0]?.startsWith("-")) {
      throw new Usage(
        `"${command[0]}" is no command: options go before the task's name, ` +
          'and a command that begins with "-" after "--"',
      );
    }
    if (command.length === 0) throw new Usage(`which command? Give it after "${task}"`);
    const foreground = options.count("foreground") > 0;
    const json = options.count("json") > 0;
    if (json && foreground) throw new Usage("--json would be mixed with the output of -f");
    const launchOptions = await read(context, options, task, command, foreground);
    try {
      return await start(context, task, launchOptions, json);
    } catch (error) {
      // 1 may be the command's own status.
      const answer = error instanceof LancoError && error.exitStatus !== 1;
      if (foreground && !answer) throw new LancoError(reason(error), 125);
      throw error;
    }
  },
};

async function start(
  context: Context,
  task: string,
  options: LaunchOptions,
  json: boolean,
): Promise<number> {
  const namespace = readNamespace(context.namespace);
  // Only to spare most callers the trouble: register() decides.
  if (isRunning(context.namespace, task)) throw new AlreadyRunning(task);
  // Most have nothing to say, and stay in the background: that is not loaded for them.
  const logger = context.log.verbosity > 0 ? await context.logger() : undefined;
  logger?.info(`run ${options.command[0]}`);
  const foreground = options.foreground ? await import("../launch/foreground.ts") : undefined;
  const follower = foreground?.forwardSignals();
  const launched = await launch(namespace, task, {
    ...options,
    ...(logger ? { debug: (text: string) => logger.debug(text) } : {}),
    ...(context.batch ? { batch: context.batch } : {}),
  });
  const { pid, shim, admission, unlimited } = launched;
  logger?.info(`task ${task} was admitted in ${admission.toFixed(1)} ms`);
  await warning(context, (warn) => {
    for (const message of unlimited) warn(message);
    if (shim.leaks.length > 0) {
      warn(
        `task ${task} inherits the descriptors ${
          shim.leaks.join(", ")
        }: install bash to close them`,
      );
    }
    if (shim.lost !== "") {
      warn(`task ${task} does not inherit the variables ${shim.lost}: install coreutils 8.30`);
    }
  });
  if (json) tell(context, task, launched);
  return follower === undefined ? 0 : await follower(pid, shim.status);
}

/** Prints what was started; if that cannot be written, says so. */
function tell(context: Context, task: string, launched: Launched): void {
  try {
    context.print(renderJson(context.namespace, launched));
  } catch (error) {
    throw new Failed(`task ${task} has been started, process ${launched.pid}: ${reason(error)}`);
  }
}

/** What `run --json` prints; see `schema.ts`. */
function renderJson(namespace: string, { pid, record }: Launched): string {
  const { version: _, run: __, counted: ___, sinceBoot: ____, ...rest } = record;
  const output: Output<"run"> = { namespace, pid, ...rest };
  return printableJson(output) + "\n";
}

async function read(
  context: Context,
  options: Options,
  task: string,
  command: string[],
  foreground: boolean,
): Promise<LaunchOptions> {
  const logs = !foreground || options.count("log") > 0;
  const log = options.value("logfile") ?? (logs ? logFile(context.namespace, task) : undefined);
  const directory = options.value("chdir");
  const exitCommand = options.value("command");
  const input = options.value("stdin");
  const oomScore = options.value("oom-score-adj");
  return {
    variables: await givenVariables(options),
    ...(input === undefined ? {} : { input }),
    ...(oomScore === undefined ? {} : { oomScore: parseOomScore(oomScore) }),
    command,
    foreground,
    limits: parseLimits(options, () => readNamespace(context.namespace).host),
    bestEffort: options.count("best-effort") > 0,
    keep: wholeNumber("--keep", options.value("keep") ?? String(KEPT_LOGS), { max: 10_000 }),
    ...(log === undefined ? {} : { log }),
    ...(directory === undefined ? {} : { directory }),
    ...(exitCommand === undefined ? {} : { exitCommand }),
  };
}

async function givenVariables(options: Options): Promise<ReadonlyMap<string, string>> {
  const [files, pairs] = [options.list("env-file"), options.list("env")];
  if (files.length + pairs.length === 0) return new Map();
  const { givenVariables } = await import("../launch/variables.ts");
  return givenVariables(files, pairs);
}

export default run;
