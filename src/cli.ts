import { COMMANDS } from "./commands/mod.ts";
import { type Command, type Context, report } from "./context.ts";
import { LancoError, reason, Usage } from "./errors.ts";
import type { LogOptions } from "./log.ts";
import { namespaceName } from "./names.ts";
import { parseOptions } from "./options.ts";

/** Where results and messages go; tests give their own. */
export interface Streams {
  /** Writes a result. */
  print(text: string): void;
  /** Writes a message's line; by default, to standard error. */
  write?: (line: string) => void;
}

function printToStandardOutput(text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let sent = 0; sent < bytes.length;) sent += Deno.stdout.writeSync(bytes.subarray(sent));
  } catch (error) {
    // `lanco web ls | head`: the reader has seen enough.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/**
 * Runs one command line. Every failure ends here, as one line on standard error.
 *
 * @returns the exit status.
 */
export async function main(
  args: readonly string[],
  streams: Streams = { print: printToStandardOutput },
): Promise<number> {
  const log: LogOptions = {
    verbosity: 0,
    tokens: [],
    ...(streams.write ? { write: streams.write } : {}),
  };
  const context: Context = {
    namespace: "",
    command: "lanco",
    log,
    logger: async (token) => (await import("./log.ts")).createLogger(token ?? context.command, log),
    print: streams.print,
  };
  try {
    return await dispatch(args, context);
  } catch (error) {
    const known = error instanceof LancoError
      ? error
      : new LancoError(`unexpected: ${reason(error)}`, 1);
    await report(context, known);
    if (log.verbosity > 1 && error instanceof Error) {
      (await context.logger()).debug(error.stack ?? "no stack");
    }
    return known.exitStatus;
  }
}

async function dispatch(args: readonly string[], context: Context): Promise<number> {
  const options = parseOptions(args, {
    flags: ["debug", "version", "help"],
    lists: ["token"],
    alias: { d: "debug", D: "token", v: "version", h: "help" },
  });
  context.log.verbosity = options.count("debug");
  context.log.tokens = options.list("token");
  if (options.count("version")) return await version(context);
  const [first, name, ...rest] = options.operands;
  if (options.count("help") || first === "help") return await help(context, name);
  if (first === "namespaces") return await listNamespaces(context);
  if (first === "doctor") {
    context.command = first;
    const { doctor } = await import("./commands/doctor.ts");
    return await doctor(options.operands.slice(1), context.print);
  }
  if (first === undefined) throw new Usage("which namespace, which command? See lanco -h");
  context.namespace = namespaceName(first);
  if (name === undefined) throw new Usage(`which command for namespace ${first}? See lanco -h`);
  const command = await load(name);
  context.command = name;
  if (asksForHelp(rest)) {
    context.print(command.help);
    return 0;
  }
  return await command.run(context, rest);
}

/** Only before the first operand: `run task ls -h` is the command's own. */
function asksForHelp(args: readonly string[]): boolean {
  return args[0] === "-h" || args[0] === "--help";
}

async function load(name: string): Promise<Command> {
  const loader = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (loader === undefined) throw new Usage(`unknown command "${name}": see lanco -h`);
  return (await loader()).default;
}

async function version(context: Context): Promise<number> {
  const { VERSION } = await import("./help.ts");
  context.print(`lanco ${VERSION}\n`);
  return 0;
}

async function help(context: Context, name: string | undefined): Promise<number> {
  const text = name === undefined ? (await import("./help.ts")).HELP : (await load(name)).help;
  context.print(text);
  return 0;
}

async function listNamespaces(context: Context): Promise<number> {
  const { namespaces } = await import("./namespace.ts");
  for (const name of await namespaces()) context.print(`${name}\n`);
  return 0;
}
