import { Answers } from "../cli/answers.ts";
import { type Command, type Context, report } from "../cli/context.ts";
import { LancoError, Usage } from "../cli/errors.ts";
import { find } from "../cli/find.ts";
import { Gate, Lanes, type Turn } from "../cli/lanes.ts";
import { lines } from "../cli/lines.ts";
import { type Options, parseOptions } from "../cli/options.ts";
import { standardInput } from "../cli/standard_input.ts";
import { wayOfOutput } from "../namespace/caller.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { known } from "./known.ts";
import { Asked, type Desk, renderAnswer } from "./asked.ts";
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

  in   {"id": anything, "command": "run", "task": "import", "args": ["./import", "--all"],
        "env": {"NAME": "VALUE"}, "chdir": "directory", "stdin": "file"}
  out  {"id": the same, "exitStatus": 0, "output": what --json prints, "messages": []}

"task" is a name and nothing else, whatever it begins with; names can stand in "args"
too. "events" is answered by a line {"id": …, "event": …} for each, and at its end.
With the id of a "wait" or "events" under way, {"command": "cancel", "id": …} ends
that: its own answer tells. At the end of input all else is finished.

Examples:
  echo '{"command":"check","task":"import"}' | lanco web batch
  jq -c '{command:"run",task:.name,args:["make",.name]}' jobs.json | lanco web batch
`,
  options: { interleaved: true },
  operands: "nothing",
  byOwner: () => ({ patience: Infinity }),
  async run(context, { operands }) {
    if (operands.length > 0) throw new Usage("batch takes no operands: see -h");
    readNamespace(context.namespace);
    const answers = new Answers(wayOfOutput());
    const desk = new Batch(context, answers);
    // Whatever comes first: the end of the requests, or of those who read the answers.
    await Promise.race([desk.serve(standardInput()), answers.gone]);
    await desk.close();
    // Not if the last ones could not be written.
    if (!answers.open) await answers.gone;
    return 0;
  },
};

/** A request that can be worked at. */
interface Job {
  /** The request. */
  asked: Asked;
  /** What it is known by. */
  key: string;
  /** Its command, and what that is given. */
  command: Command;
  options: Options;
  /** Its place behind those that concern the same tasks. */
  turn: Turn;
}

/** Works at requests, and answers them. */
class Batch implements Desk {
  readonly #lanes = new Lanes();
  readonly #launches = new Gate(LAUNCHES);
  readonly #underWay = new Map<string, Asked>();
  /** What is to be ended with the batch. */
  readonly #closing: (() => void)[] = [];
  /** Told when a request has been answered. */
  #left: (() => void) | undefined;

  constructor(private readonly context: Context, private readonly answers: Answers) {}

  /** Takes requests until there are no more, or nobody reads what becomes of them. */
  async serve(stream: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const line of lines(stream, LONGEST)) {
      if (!this.answers.open) return;
      await this.#begin(line);
      await this.answers.room();
      if (this.#underWay.size >= MANY) await this.#oneLess();
    }
  }

  /** Finishes what is under way; what would have no end, ends. */
  async close(): Promise<void> {
    const endless = this.answers.open ? ["events"] : ["events", "wait"];
    for (const asked of this.#underWay.values()) {
      if (endless.includes(asked.command)) asked.cancel();
    }
    while (this.#underWay.size > 0) await this.#oneLess();
    for (const close of this.#closing) close();
    await this.answers.end();
  }

  write(answer: Record<string, unknown>): void {
    this.answers.write(renderAnswer(answer));
  }

  atEnd(close: () => void): void {
    this.#closing.push(close);
  }

  #oneLess(): Promise<void> {
    return new Promise((resolve) => this.#left = resolve);
  }

  /** Begins to work at a request; returns when it has its place among others. */
  async #begin(line: Uint8Array | undefined): Promise<void> {
    if (line !== undefined && isBlank(line)) return;
    const asked = new Asked(this.context, this);
    try {
      const request = read(line);
      asked.id = request.id;
      asked.command = request.command;
      if (request.command === "cancel") return this.#cancel(request);
      this.#work(await this.#place(asked, request));
    } catch (error) {
      if (error instanceof BadRequest) asked.id = error.id;
      // Nothing but the answer of the request that has the id bears it.
      if (this.#underWay.has(JSON.stringify(asked.id))) asked.id = null;
      asked.answer(await refused(asked, error));
    }
  }

  async #place(asked: Asked, { args, task }: Request): Promise<Job> {
    const name = asked.command;
    if (REFUSED.includes(name)) throw new Usage(`${name} cannot be run in a batch`);
    const key = this.#enter(asked);
    try {
      const command = await find(asked.tables, name, asked.namespace);
      const json = command.options.flags?.includes("json") ? ["--json"] : [];
      const options = parseOptions([...json, ...args], command.options);
      if (task !== undefined) insertTask(command, options, task);
      if (options.count("foreground") > 0) throw new Usage("run -f cannot be run in a batch");
      const turn = this.#lanes.enter(concerned(command, options));
      asked.turn = turn;
      return { asked, key, command, options, turn };
    } catch (error) {
      this.#underWay.delete(key);
      throw error;
    }
  }

  /** One function, for each that waits within it takes memory for each of many requests. */
  async #work({ asked, key, command, options, turn }: Job): Promise<void> {
    let exitStatus: number;
    try {
      await turn.come;
      exitStatus = await (command.launches
        ? this.#launches.pass(() =>
          command.run(asked, options)
        )
        : command.run(asked, options));
    } catch (error) {
      exitStatus = await refused(asked, error);
    }
    turn.leave();
    this.#underWay.delete(key);
    asked.answer(exitStatus);
    this.#left?.();
  }

  /** Makes a request known by its id. Returns what it is known by. */
  #enter(asked: Asked): string {
    // Those without one can be told apart by nobody.
    const key = asked.id === null ? crypto.randomUUID() : JSON.stringify(asked.id);
    if (this.#underWay.has(key)) {
      throw new Usage(`id ${key.slice(0, 50)} is that of a request that is not answered yet`);
    }
    this.#underWay.set(key, asked);
    return key;
  }

  /** Ends a request, whose own answer then tells of it. */
  #cancel({ id }: Request): void {
    const request = this.#underWay.get(JSON.stringify(id));
    if (request === undefined || !["events", "wait"].includes(request.command)) {
      const key = JSON.stringify(id).slice(0, 50);
      throw new LancoError(`no "wait" or "events" with the id ${key} is under way`, 3, "WARN");
    }
    request.cancel();
  }
}

/** Says why a request has failed. Returns its exit status. */
async function refused(asked: Asked, error: unknown): Promise<number> {
  const failure = known(error);
  await report(asked, failure);
  return failure.exitStatus;
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

/** Puts the task where its name stands among the operands, whatever it begins with. */
function insertTask(command: Command, { operands }: Options, task: string): void {
  if (command.operands === "nothing" || command.operands === "patterns") {
    throw new Usage('"task" is no field of a request for this command');
  }
  operands.splice(command.operands === "signal" ? 1 : 0, 0, task);
  // Its options have been taken away: what begins with a dash is the command.
  if (command.operands === "command" && operands[1] !== "--") operands.splice(1, 0, "--");
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

export default batch;
