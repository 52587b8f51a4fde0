import { existsSync } from "@std/fs/exists";
import { AwaitedTask } from "../task/awaited.ts";
import { effectiveUser } from "../namespace/caller.ts";
import type { Command, Context } from "../cli/context.ts";
import { Failed, type LancoError, NotInitialised, Usage } from "../cli/errors.ts";
import { taskName } from "../cli/names.ts";
import { type Namespace, readNamespace } from "../namespace/namespace.ts";
import { type Options, wholeNumber } from "../cli/options.ts";
import type { LogFile } from "../logs/log_file.ts";
import { openLog } from "../logs/logs.ts";
import { logFile } from "../namespace/paths.ts";
import { readRun } from "../task/record.ts";
import { unknownTask } from "../task/unknown_task.ts";

const logs: Command = {
  help: `Usage: lanco <namespace> logs [-f] [-n lines] [--previous[=N]] task

Shows the log of a task: all of it, or its last lines.

  -f, --follow        go on until the task has ended and all of its output is shown
  -n, --lines N       begin with the last N lines
      --previous[=N]  the log of the run before, or of the Nth before

Examples:
  lanco web logs -f -n 20 import
  lanco web logs --previous import | less
`,
  options: {
    flags: ["follow"],
    values: ["lines"],
    optional: ["previous"],
    alias: { f: "follow", n: "lines" },
    interleaved: true,
  },
  operands: "known tasks",
  byOwner: (options) => options.count("follow") > 0 ? { patience: Infinity } : {},
  async run(context, options) {
    const [name, ...more] = options.operands;
    if (name === undefined || more.length > 0) throw new Usage("which task? Give one name");
    const task = taskName(name);
    const lines = options.value("lines");
    const last = lines === undefined ? undefined : wholeNumber("-n", lines);
    const previous = previousNumber(options);
    const log = await logOf(context, task);
    const path = log.path + (previous === 0 ? "" : `.${previous}`);
    const open = () => openLog(path, log.writer);
    if (options.count("follow") === 0) return await show(context, { path, open }, last);
    if (previous > 0) throw new Usage("-f follows what is written now, not --previous");
    return await showAndFollow(context, task, { path, open }, last);
  },
};

function previousNumber(options: Options): number {
  const text = options.value("previous");
  if (text === undefined) return 0;
  return text === "" ? 1 : wholeNumber("--previous", text, { min: 1, max: 10_000 });
}

/** Where the task's output goes, or went, and whose file that must be. Logs outlive their namespace. */
async function logOf(
  context: Context,
  task: string,
): Promise<{ path: string; writer?: number }> {
  const fallback = logFile(context.namespace, task);
  let namespace: Namespace;
  try {
    namespace = readNamespace(context.namespace);
  } catch (error) {
    if (error instanceof NotInitialised && existsSync(fallback)) return { path: fallback };
    throw error;
  }
  const record = readRun(namespace.namespace, task);
  if (record?.log === null) {
    throw new Failed(
      `task ${task} has no log, its output went to its caller: see run -L`,
    );
  }
  if (record === undefined && !existsSync(fallback)) {
    throw await unknownTask(namespace, task, context);
  }
  // The owner's own records make him see nothing that he could not see anyway.
  const own = effectiveUser() === namespace.uid;
  return { path: record?.log ?? fallback, ...(own ? {} : { writer: namespace.uid }) };
}

/** A log, and how to open it. */
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
): Promise<number> {
  const file = await open();
  if (file === undefined) throw missing(path);
  if (last !== undefined) await file.skipToLast(last);
  await file.copy((bytes) => context.print(bytes));
  file.close();
  return 0;
}

async function showAndFollow(
  context: Context,
  task: string,
  { path, open }: Log,
  last: number | undefined,
): Promise<number> {
  const namespace = readNamespace(context.namespace);
  const { follow, FollowedLog } = await import("../logs/follow.ts");
  const run = await AwaitedTask.hold(namespace, task);
  const file = await open();
  if (file === undefined && (run === undefined || run.ended())) throw missing(path);
  if (last !== undefined) await file?.skipToLast(last);
  const logger = await context.logger();
  if (file === undefined) {
    logger.warn(`there is no log "${path}": it was removed; one that gets its name is followed`);
  }
  const reader = {
    print: (bytes: Uint8Array) => context.print(bytes),
    notice: (message: string) => logger.warn(message),
  };
  const log = new FollowedLog(path, { ...reader, open }, file);
  await follow(namespace.namespace, log, () => run === undefined || run.ended());
  run?.close();
  if (!log.isFound) throw missing(path);
  return 0;
}

export default logs;
