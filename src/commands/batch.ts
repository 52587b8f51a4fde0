import { Answers } from "../cli/answers.ts";
import { type Command, type Context, report } from "../cli/context.ts";
import { LancoError, reason, Usage } from "../cli/errors.ts";
import { find } from "../cli/find.ts";
import { Gate, Lanes } from "../cli/lanes.ts";
import { lines } from "../cli/lines.ts";
import { type Options, parseOptions } from "../cli/options.ts";
import { printableJson } from "../cli/printable.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { BadRequest, parseRequest, type Request } from "./request.ts";

/** What would take the terminal, need root, or have no end. */
const REFUSED = ["init", "top", "batch", "logs"];

/** How many bytes a line may have: more than the kernel takes for a command line. */
const LONGEST = 4 * 2 ** 20;

/** How many requests may be under way before no more are read. */
const MANY = 16_384;

/** How many tasks are launched at the same time: enough for what each waits for. */
const LAUNCHES = 32;

const batch: Command = {
  help: `Usage: lanco <namespace> batch

Reads requests from standard input, a JSON object a line, works at many of them at
once, and answers each by a line on standard output as soon as it is done. What
concerns one task is done in the order in which it was asked for. For daemons that
launch much: they are spared the start of a program for each.

  in   {"id": anything, "command": "run", "args": ["import", "./import", "--all"],
        "env": {"NAME": "VALUE"}, "chdir": "directory", "stdin": "file"}
  out  {"id": the same, "exitStatus": 0, "output": what --json prints, "messages": []}

"events" is answered by a line {"id": …, "event": …} for each, and at its end. With
the id of a "wait" or "events" under way, {"command": "cancel", "id": …} ends that.
At the end of input all else is finished.

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
    const answers = new Answers();
    const desk = new Desk(context, answers);
    // Whatever comes first: the end of the requests, or of those who read the answers.
    await Promise.race([desk.serve(Deno.stdin.readable), answers.gone]);
    await desk.close();
    // Not if the last ones could not be written.
    if (!answers.open) await answers.gone;
    return 0;
  },
};

/** A request that is under way. */
interface UnderWay {
  /** The command, by the name it was asked for. */
  command: string;
  /** Takes it back. */
  controller: AbortController;
}

/** Works at requests, and answers them. */
class Desk {
  readonly #lanes = new Lanes();
  readonly #launches = new Gate(LAUNCHES);
  readonly #underWay = new Set<Promise<void>>();
  readonly #byId = new Map<string, UnderWay>();
  /** What is to be ended with the batch. */
  readonly #atEnd: (() => void)[] = [];
  /** Told when one of too many has been answered. */
  #left: (() => void) | undefined;

  constructor(private readonly context: Context, private readonly answers: Answers) {}

  /** Takes requests until there are no more, or nobody reads what becomes of them. */
  async serve(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of lines(stream, LONGEST)) {
      if (!this.answers.open) return;
      await this.#begin(line);
      await this.answers.room();
      if (this.#underWay.size >= MANY) await new Promise<void>((resolve) => this.#left = resolve);
    }
  }

  /** Finishes what is under way; what would have no end, ends. */
  async close(): Promise<void> {
    const endless = this.answers.open ? ["events"] : ["events", "wait"];
    for (const { command, controller } of this.#byId.values()) {
      if (endless.includes(command)) controller.abort();
    }
    await Promise.all(this.#underWay);
    for (const close of this.#atEnd) close();
    await this.answers.end();
  }

  /** Begins to work at a request; returns when it has its place among others. */
  async #begin(line: Uint8Array | undefined): Promise<void> {
    if (line !== undefined && isBlank(line)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = this.#answer(line, resolve).finally(() => {
      this.#underWay.delete(done);
      this.#left?.();
      resolve();
    });
    this.#underWay.add(done);
    await promise;
  }

  async #answer(line: Uint8Array | undefined, placed: () => void): Promise<void> {
    const messages: string[] = [];
    let printed = "";
    let id: unknown = null;
    const own: Context = {
      ...this.context,
      log: { ...this.context.log, write: (message) => void messages.push(message) },
      logger: async (token) =>
        (await import("../cli/log.ts")).createLogger(token ?? own.command, own.log),
      print: (result) => {
        printed += typeof result === "string" ? result : new TextDecoder().decode(result);
        return true;
      },
    };
    let exitStatus: number;
    try {
      const request = read(line);
      id = request.id;
      own.command = request.command;
      exitStatus = request.command === "cancel"
        ? this.#cancel(request)
        : await this.#execute(own, request, placed);
    } catch (error) {
      if (error instanceof BadRequest) id = error.id;
      const known = error instanceof LancoError
        ? error
        : new LancoError(`unexpected: ${reason(error)}`, 1);
      await report(own, known);
      exitStatus = known.exitStatus;
    }
    this.#write({ id, exitStatus, output: parsed(printed), messages });
  }

  #write(answer: Record<string, unknown>): void {
    this.answers.write(printableJson(answer) + "\n");
  }

  async #execute(context: Context, request: Request, placed: () => void): Promise<number> {
    const { id, command: name } = request;
    if (REFUSED.includes(name)) throw new Usage(`${name} cannot be run in a batch`);
    const controller = new AbortController();
    const release = this.#enter(id, { command: name, controller });
    try {
      const command = await find(context.tables, name, context.namespace);
      const json = command.options.flags?.includes("json") ? ["--json"] : [];
      const options = parseOptions([...json, ...request.args], command.options);
      if (options.count("foreground") > 0) throw new Usage("run -f cannot be run in a batch");
      const inLane = this.#lanes.enter(concerned(command, options), (goOn) => {
        const atEnd = (close: () => void) => void this.#atEnd.push(close);
        const tell = (part: Record<string, unknown>) => this.#write({ id, ...part });
        const own = { ...context, batch: { signal: controller.signal, goOn, atEnd, tell } };
        const run = async () => await command.run(own, options);
        return command.purpose === "launch" ? this.#launches.pass(run) : run();
      });
      placed();
      return await inLane;
    } finally {
      release();
    }
  }

  /** Makes a request known by its id. Returns what makes it forgotten. */
  #enter(id: unknown, request: UnderWay): () => void {
    // Those without one can be told apart by nobody.
    const key = id === null ? crypto.randomUUID() : JSON.stringify(id);
    if (this.#byId.has(key)) {
      throw new Usage(`id ${key.slice(0, 50)} is that of a request that is not answered yet`);
    }
    this.#byId.set(key, request);
    return () => void this.#byId.delete(key);
  }

  #cancel({ id }: Request): number {
    const request = this.#byId.get(JSON.stringify(id));
    if (request === undefined || !["events", "wait"].includes(request.command)) {
      throw new LancoError('no "wait" or "events" with this id is under way', 3, "WARN");
    }
    request.controller.abort();
    return 0;
  }
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 32 || (byte >= 9 && byte <= 13));
}

/** @throws {Usage} if it is not a request. */
function read(line: Uint8Array | undefined): Request {
  if (line === undefined) throw new Usage(`a line has more than ${LONGEST} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
  } catch {
    throw new Usage("not UTF-8");
  }
  return parseRequest(text);
}

/** The tasks that a command concerns, among which an order is to be kept. */
function concerned({ operands }: Command, options: Options): readonly string[] {
  switch (operands) {
    case "nothing":
      return [];
    case "command":
      return options.operands.slice(0, 1);
    case "signal":
      return options.operands.slice(1);
    default:
      return options.operands;
  }
}

function parsed(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

export default batch;
