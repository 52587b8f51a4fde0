import { printableJson } from "../cli/printable.ts";
import { type Command, type Context, report } from "../cli/context.ts";
import { LancoError, reason, Usage } from "../cli/errors.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { parseOptions } from "../cli/options.ts";
import { find } from "../cli/find.ts";

/** What would take the terminal, need root, or never end. */
const REFUSED = ["init", "top", "batch", "logs"];

/** The answer to a line. */
interface Answer {
  /** What the line gave as its id, to tell answers apart. */
  id: unknown;
  /** The exit status that the command would have. */
  exitStatus: number;
  /** What it would print: an object where it has `--json`, else the text. */
  output: unknown;
  /** What it would say on standard error. */
  messages: string[];
}

const batch: Command = {
  help: `Usage: lanco <namespace> batch

Reads commands from standard input and answers each on standard output when it is
done, in this order; a JSON object a line. For daemons that launch much: they are
spared the start of a program for each.

  in   {"id": anything, "command": "run", "args": ["import", "./import", "--all"]}
  out  {"id": the same, "exitStatus": 0, "output": what --json prints, "messages": []}

Examples:
  echo '{"command":"check","args":["import"]}' | lanco web batch
  jq -c '{command:"run",args:[.name,"make",.name]}' jobs.json | lanco web batch
`,
  options: { interleaved: true },
  operands: "nothing",
  purpose: "launch",
  async run(context, { operands }) {
    if (operands.length > 0) throw new Usage("batch takes no operands: see -h");
    readNamespace(context.namespace);
    for await (const line of lines(Deno.stdin.readable)) {
      if (line.trim() === "") continue;
      if (!context.print(printableJson(await answer(context, line)) + "\n")) break;
    }
    return 0;
  },
};

/** The lines of a stream, the last one also if it lacks an end. */
export async function* lines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  let rest = "";
  // Else it would drop a U+FEFF at the beginning of whatever piece comes in.
  const decoder = new TextDecoderStream("utf-8", { ignoreBOM: true });
  for await (const text of stream.pipeThrough(decoder)) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  yield rest;
}

async function answer(context: Context, line: string): Promise<Answer> {
  const messages: string[] = [];
  let printed = "";
  const own: Context = {
    ...context,
    log: { ...context.log, write: (message) => void messages.push(message) },
    logger: async (token) =>
      (await import("../cli/log.ts")).createLogger(token ?? own.command, own.log),
    print: (result) => {
      printed += typeof result === "string" ? result : new TextDecoder().decode(result);
      return true;
    },
  };
  let id: unknown = null;
  let exitStatus: number;
  try {
    const request = parseRequest(line);
    id = request.id;
    own.command = request.command;
    exitStatus = await execute(own, request.command, request.args);
  } catch (error) {
    const known = error instanceof LancoError
      ? error
      : new LancoError(`unexpected: ${reason(error)}`, 1);
    await report(own, known);
    exitStatus = known.exitStatus;
  }
  return { id, exitStatus, output: parsed(printed), messages };
}

/** What a line asks for. */
export interface Request {
  /** What the answer is to be known by. */
  id: unknown;
  /** The name of the command. */
  command: string;
  /** Its options and operands. */
  args: string[];
}

/**
 * Reads a line.
 *
 * @throws {Usage} if it asks for nothing.
 */
export function parseRequest(line: string): Request {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch (error) {
    throw new Usage(`not JSON: ${reason(error)}`);
  }
  if (typeof request !== "object" || request === null) throw new Usage("not a JSON object");
  const { id = null, command, args = [] } = request as Record<string, unknown>;
  const words = Array.isArray(args) && args.every((arg) => typeof arg === "string");
  if (typeof command !== "string" || !words) {
    throw new Usage('not of the form {"command": "…", "args": ["…"]}');
  }
  return { id, command, args };
}

async function execute(context: Context, name: string, args: string[]): Promise<number> {
  if (REFUSED.includes(name)) throw new Usage(`${name} cannot be run in a batch`);
  const command = await find(context.tables, name, context.namespace);
  const json = command.options.flags?.includes("json") ? ["--json"] : [];
  const options = parseOptions([...json, ...args], command.options);
  if (options.count("foreground") > 0) throw new Usage("run -f cannot be run in a batch");
  return await command.run(context, options);
}

function parsed(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

export default batch;
