import { effectiveUser, wayOfOutput } from "../namespace/caller.ts";
import { type Command, type Context, report } from "../cli/context.ts";
import { find } from "../cli/find.ts";
import { known } from "./known.ts";
import { COMMANDS, STANDALONE } from "./mod.ts";
import { Usage } from "../cli/errors.ts";
import type { LogOptions } from "../cli/log.ts";
import { toStandardOutput } from "../cli/standard_output.ts";
import type { Way } from "../cli/unwritten.ts";
import { namespaceName } from "../cli/names.ts";
import { GLOBAL_OPTIONS, type Options, parseOptions } from "../cli/options.ts";

/** Where results and messages go; tests give their own. */
export interface Streams {
  /** Writes a result. Returns whether somebody still reads it. */
  print(result: string | Uint8Array): boolean;
  /** Writes a message's line; by default, to standard error. */
  write?: (line: string) => void;
}

/**
 * Runs one command line. Every failure ends here, as one line on standard error.
 *
 * @returns the exit status.
 */
export async function main(
  args: readonly string[],
  streams: Streams = { print: standardOutput() },
): Promise<number> {
  const log: LogOptions = {
    verbosity: 0,
    tokens: [],
    ...(streams.write ? { write: streams.write } : {}),
  };
  const context: Context = {
    tables: { commands: COMMANDS, standalone: STANDALONE },
    namespace: "",
    command: "lanco",
    args,
    log,
    logger: async (token) =>
      (await import("../cli/log.ts")).createLogger(token ?? context.command, log),
    print: streams.print,
  };
  try {
    return await dispatch(args, context);
  } catch (error) {
    const failure = known(error);
    await report(context, failure);
    if (log.verbosity > 1 && error instanceof Error) {
      (await context.logger()).debug(error.stack ?? "no stack");
    }
    return failure.exitStatus;
  }
}

function standardOutput(): Streams["print"] {
  let way: Way | undefined;
  return (result) => toStandardOutput(result, way ??= wayOfOutput());
}

async function dispatch(args: readonly string[], context: Context): Promise<number> {
  const options = parseOptions(args, GLOBAL_OPTIONS);
  context.log.verbosity = options.count("debug");
  context.log.tokens = options.list("token");
  const [first, second, ...rest] = options.operands;
  if (options.count("version")) {
    if (first !== undefined) throw new Usage("-v stands alone, without a namespace");
    return await version(context);
  }
  if (options.count("help")) {
    const word = second ?? first;
    return await execute(
      context,
      "help",
      await find(context.tables, "help"),
      word === undefined ? [] : [word],
    );
  }
  if (first === undefined) throw new Usage("which namespace, which command? See lanco -h");
  if (Object.hasOwn(STANDALONE, first)) {
    return await execute(
      context,
      first,
      await find(context.tables, first),
      options.operands.slice(1),
    );
  }
  context.namespace = namespaceName(first);
  if (second === undefined) {
    const meant = Object.hasOwn(COMMANDS, first)
      ? `, or did you mean "lanco NAMESPACE ${first}"`
      : "";
    throw new Usage(`which command for namespace ${first}${meant}? See lanco -h`);
  }
  if (asksForHelp(second)) {
    return await execute(context, "help", await find(context.tables, "help"), []);
  }
  return await execute(context, second, await find(context.tables, second, first), rest);
}

async function execute(
  context: Context,
  name: string,
  command: Command,
  args: readonly string[],
): Promise<number> {
  context.command = name;
  // Only before the first operand: `run task ls -h` is the command's own.
  if (asksForHelp(args[0])) {
    context.print(command.help);
    // Who asks about a task of that name must not hear that it runs, or has been stopped.
    return namesTasks(command) ? 2 : 0;
  }
  const options = parseOptions(args, command.options);
  if (context.namespace !== "" && !command.isForRoot?.(options)) {
    const status = await asOwner(context, command, options);
    if (status !== undefined) return status;
  }
  return await command.run(context, options);
}

function namesTasks({ operands }: Command): boolean {
  return operands !== "nothing" && operands !== "patterns";
}

/** What root asks for in another user's namespace is done by that user. */
async function asOwner(
  context: Context,
  command: Command,
  options: Options,
): Promise<number | undefined> {
  if (effectiveUser() !== 0) return undefined;
  const { asOwner, refuseToLaunch } = await import("../root/owner.ts");
  if (command.launches) {
    refuseToLaunch(context.namespace);
    return undefined;
  }
  return await asOwner(context.namespace, context.args, command.byOwner?.(options) ?? {});
}

function asksForHelp(word: string | undefined): boolean {
  return word === "-h" || word === "--help";
}

async function version(context: Context): Promise<number> {
  const { VERSION } = await import("../cli/help.ts");
  context.print(`lanco ${VERSION}\n`);
  return 0;
}
