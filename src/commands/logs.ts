import { command, type Context, reportWarnings } from "../cli/command.ts";
import { Failed, type LancoError, UnknownRun, Usage } from "../cli/errors.ts";
import { wholeNumber } from "../cli/numbers.ts";
import { flag, value, whole } from "../cli/options.ts";
import { lastLog, type Log, previousLog, runLog } from "../logs/choose_log.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { chooseRun, type RunChoice } from "../task/choose_run.ts";
import type { OutputName } from "../task/drops.ts";
import { RunEnd } from "../task/run_end.ts";
import { RUN } from "./run_option.ts";

export default command({
  help: `Usage: lanco <namespace> logs [options] task

Shows the log of a task, which is /var/log/lanco-<namespace>/task-<task>.log
unless run was told another: all of it, or its last lines.

@OPTIONS@

Examples:
  lanco web logs -f -n 20 import
  lanco web logs --previous import | less
`,
  options: {
    follow: flag("-f, --follow", "go on until the task has ended and all is shown"),
    lines: whole("-n, --lines N", "begin with the last N lines"),
    stderr: flag("--stderr", "the file of its standard error: see run --stderr"),
    previous: value(
      "--previous[=N]",
      "the log of the run before, or of the Nth before",
      ["a whole number", "number"],
      (text, subject) => text === "" ? 1 : wholeNumber(subject, text, { min: 1, max: 10_000 }),
    ),
    run: RUN,
  },
  operands: "known task",
  maxSilence: ({ follow }) => follow ? Infinity : undefined,
  async run(context, { task, follow, lines, stderr, previous, run }) {
    if (follow && previous !== undefined) {
      throw new Usage("-f follows what is written now, not --previous: leave one out");
    }
    if (previous !== undefined && run !== undefined) {
      throw new Usage("--previous and --run both say which run: give one of them");
    }
    const { namespace } = context;
    const which = stderr ? "stderr" : "log";
    const log = run !== undefined
      ? await logOfRun(context, task, run, which)
      : previous !== undefined
      ? previousLog(namespace, task, previous, which)
      : lastLog(namespace, task, which);
    if (follow && log.isOpenEnded) await showAndFollow(context, task, log, run, lines);
    else await show(context, log, lines);
    return { status: 0 };
  },
});

/** Returns the log of a certain run, and warns if that file has the output of other runs, too. */
async function logOfRun(
  context: Context,
  task: string,
  choice: RunChoice,
  which: OutputName,
): Promise<Log> {
  const namespace = readNamespace(context.namespace);
  const chosen = chooseRun(namespace, task, choice);
  if (chosen === undefined) throw new UnknownRun(context.namespace, choice, task);
  const log = runLog(namespace, task, chosen, which);
  if (log.isShared) {
    const logger = await context.logger();
    logger.warn(`the log "${log.path}" has the output of other runs or programs, too`);
  }
  return log;
}

function missing({ path, run }: Log): LancoError {
  return new Failed(
    run === undefined
      ? `there is no log "${path}": it was removed, or never written`
      : `there is no log of run ${run}: it was "${path}", and was removed, or compressed or copied by rotation`,
  );
}

async function show(context: Context, log: Log, last: number | undefined): Promise<void> {
  await reportWarnings(context, async (warn) => {
    const opened = await log.open(warn);
    if (opened === undefined) throw missing(log);
    const { file } = opened;
    if (last !== undefined) await file.skipToLast(last);
    await file.copy((bytes) => context.emit(bytes));
    file.close();
  });
}

async function showAndFollow(
  context: Context,
  task: string,
  log: Log,
  choice: RunChoice | undefined,
  last: number | undefined,
): Promise<void> {
  const namespace = readNamespace(context.namespace);
  const { follow, FollowedLog } = await import("../logs/follow.ts");
  const run = choice === undefined
    ? await RunEnd.hold(namespace, task)
    : await RunEnd.holdRun(namespace, task, log.run ?? choice);
  const logger = await context.logger();
  const notice = (message: string) => logger.warn(message);
  const { path, file } = await log.open(notice) ?? { path: log.path, file: undefined };
  if (file === undefined && (run === undefined || run.ended())) throw missing(log);
  if (last !== undefined) await file?.skipToLast(last);
  if (file === undefined) {
    logger.warn(`there is no log "${path}": it was removed; one that gets its name is followed`);
  }
  const reader = {
    print: (bytes: Uint8Array) => context.emit(bytes),
    notice,
    open: () => log.openNext(notice),
  };
  const followed = new FollowedLog(path, reader, file);
  await follow(namespace.namespace, followed, () => run === undefined || run.ended());
  run?.close();
  if (!followed.isFound) throw missing(log);
}
