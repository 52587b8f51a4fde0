import { existsSync } from "@std/fs/exists";
import { RunEnd } from "../task/run_end.ts";
import { effectiveUser } from "../namespace/caller.ts";
import { command, type Context } from "../cli/command.ts";
import { Failed, type LancoError, NotInitialised, UnknownTask, Usage } from "../cli/errors.ts";
import type { Namespace } from "../namespace/description.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { logFile } from "../namespace/paths.ts";
import { flag, value, whole, wholeNumber } from "../cli/options.ts";
import type { LogFile } from "../logs/log_file.ts";
import { openLog } from "../logs/logs.ts";
import { currentRun } from "../task/records.ts";
import { registeredInode } from "../task/task.ts";

export default command({
  help: `Usage: lanco <namespace> logs [-f] [-n lines] [--previous[=N]] task

Shows the log of a task: all of it, or its last lines.

@OPTIONS@

Examples:
  lanco web logs -f -n 20 import
  lanco web logs --previous import | less
`,
  options: {
    follow: flag(
      "-f, --follow",
      "go on until the task has ended and all of its output is shown",
    ),
    lines: whole("-n, --lines N", "begin with the last N lines"),
    previous: value(
      "--previous[=N]",
      "the log of the run before, or of the Nth before",
      ["a whole number", "number"],
      (text, subject) => text === "" ? 1 : wholeNumber(subject, text, { min: 1, max: 10_000 }),
    ),
  },
  operands: "known task",
  maxSilence: ({ follow }) => follow ? Infinity : undefined,
  async run(context, { task, follow, lines, previous }) {
    if (follow && previous !== undefined) {
      throw new Usage("-f follows what is written now, not --previous");
    }
    const { path: current, writer } = logOf(context.namespace, task);
    const path = current + (previous === undefined ? "" : `.${previous}`);
    const log = { path, open: () => openLog(path, writer) };
    if (follow) await showAndFollow(context, task, log, lines);
    else await show(context, log, lines);
    return { status: 0 };
  },
});

/**
 * Returns the path of a task's log, and the user id that the file must have, if it must have one.
 * A log can be read when its namespace has been released.
 */
function logOf(name: string, task: string): { path: string; writer?: number } {
  const fallback = logFile(name, task);
  let namespace: Namespace;
  try {
    namespace = readNamespace(name);
  } catch (error) {
    if (error instanceof NotInitialised && existsSync(fallback)) return { path: fallback };
    throw error;
  }
  const record = currentRun(name, task, registeredInode(name, task))?.record;
  if (record?.log === null) {
    throw new Failed(`task ${task} has no log, its output went to its caller: see run -L`);
  }
  if (record === undefined && !existsSync(fallback)) {
    throw new UnknownTask(name, task);
  }
  // The record is the owner's: for the owner it opens no file that they cannot open without it.
  const own = effectiveUser() === namespace.uid;
  return { path: record?.log ?? fallback, ...(own ? {} : { writer: namespace.uid }) };
}

/** The path of a log, and a function that opens it. */
interface Log {
  path: string;
  open: () => Promise<LogFile | undefined>;
}

function missing(path: string): LancoError {
  return new Failed(`there is no log "${path}": it was removed, or never written`);
}

async function show(
  context: Context,
  { path, open }: Log,
  last: number | undefined,
): Promise<void> {
  const file = await open();
  if (file === undefined) throw missing(path);
  if (last !== undefined) await file.skipToLast(last);
  await file.copy((bytes) => context.emit(bytes));
  file.close();
}

async function showAndFollow(
  context: Context,
  task: string,
  { path, open }: Log,
  last: number | undefined,
): Promise<void> {
  const namespace = readNamespace(context.namespace);
  const { follow, FollowedLog } = await import("../logs/follow.ts");
  const run = await RunEnd.hold(namespace, task);
  const file = await open();
  if (file === undefined && (run === undefined || run.ended())) throw missing(path);
  if (last !== undefined) await file?.skipToLast(last);
  const logger = await context.logger();
  if (file === undefined) {
    logger.warn(`there is no log "${path}": it was removed; one that gets its name is followed`);
  }
  const reader = {
    print: (bytes: Uint8Array) => context.emit(bytes),
    notice: (message: string) => logger.warn(message),
  };
  const log = new FollowedLog(path, { ...reader, open }, file);
  await follow(namespace.namespace, log, () => run === undefined || run.ended());
  run?.close();
  if (!log.isFound) throw missing(path);
}
