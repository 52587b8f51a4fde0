import { type Command, command, type Context, type Result } from "../../cli/command.ts";
import { LancoError, Usage } from "../../cli/errors.ts";
import { findCommand } from "../../cli/find_command.ts";
import { readRequest, type Request } from "../../cli/request.ts";
import { standardOutputMode } from "../../namespace/caller.ts";
import { readNamespace } from "../../namespace/namespace.ts";
import { GREETING } from "../../show/greeting.ts";
import { jsonLine } from "../../show/render.ts";
import { asLancoError } from "../failure.ts";
import { AnswerWriter } from "./answer_writer.ts";
import { standardInput } from "./standard_input.ts";
import { ConcurrencyLimit } from "./concurrency_limit.ts";
import { TaskOrder, type Turn } from "./task_order.ts";
import { InvalidLine, type Line, LONGEST, readLine } from "./request_line.ts";
import { splitLines } from "./split_lines.ts";
import { BatchRequest, type BatchServices } from "./batch_request.ts";

/** What would take the terminal, need root, or have no end. */
const REFUSED = ["init", "top", "batch", "logs"];

/** How many requests may be under way before no more are read. */
const MANY = 16_384;

/** How many tasks are launched at the same time: enough for what each waits for. */
const LAUNCHES = 32;

export default command({
  help: `Usage: lanco <namespace> batch

Reads requests from standard input, a JSON object a line, works at many of them at
once, and answers each by a line on standard output as soon as it is done. What
concerns one task is done in the order in which it was asked for. For daemons that
launch much: they are spared the start of a program for each.

  out  {"lanco": "2.0.0", "schema": 2, ...} first, before anything is read
  in   {"id": anything, "command": "run", "task": "import", "args": ["./import", "--all"],
        "memory": "2G", "env": {"NAME": "VALUE"}}
  out  {"id": the same, "exitStatus": 0, "output": what --json prints, "messages": []}

Each option of a command is a field, too: --cpu-weight is "cpuWeight", the -c of run
"exitCommand". "task" is a name and nothing else, whatever it begins with; names can
stand in "args" too. "events" is answered by a line {"id": ..., "event": ...} for each,
and at its end. With the id of a "wait" or "events" under way, {"command": "cancel",
"id": ...} ends that: its own answer tells. At the end of input all else is finished.

Examples:
  echo '{"command":"check","task":"import"}' | lanco web batch
  jq -c '{command:"run",task:.name,args:["make",.name]}' jobs.json | lanco web batch
`,
  options: {},
  operands: "nothing",
  maxSilence: () => Infinity,
  async run(context) {
    readNamespace(context.namespace);
    const answers = new AnswerWriter(standardOutputMode());
    answers.write(jsonLine(GREETING));
    const batch = new Batch(context, answers);
    // Whatever comes first: the end of the requests, or of those who read the answers.
    await Promise.race([batch.serve(standardInput()), answers.gone]);
    await batch.close();
    // Not if the last ones could not be written.
    if (!answers.open) await answers.gone;
    return { status: 0 };
  },
});

/** A request that can be worked at. */
interface Job {
  /** What answers it. */
  asked: BatchRequest;
  /** What it is known by. */
  key: string;
  /** Its command, and what that is given. */
  command: Command;
  request: Request;
  /** Its place behind those that concern the same tasks. */
  turn: Turn;
}

/** Works at requests, and answers them. */
class Batch implements BatchServices {
  readonly #lanes = new TaskOrder();
  readonly #launches = new ConcurrencyLimit(LAUNCHES);
  readonly #underWay = new Map<string, BatchRequest>();
  /** What is to be ended with the batch. */
  readonly #closing: (() => void)[] = [];
  /** Told when a request has been answered. */
  #left: (() => void) | undefined;

  constructor(private readonly context: Context, private readonly answers: AnswerWriter) {}

  /** Takes requests until there are no more, or nobody reads what becomes of them. */
  async serve(stream: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const line of splitLines(stream, LONGEST)) {
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

  write(answer: object): void {
    this.answers.write(jsonLine(answer));
  }

  atEnd(close: () => void): void {
    this.#closing.push(close);
  }

  #oneLess(): Promise<void> {
    return new Promise((resolve) => this.#left = resolve);
  }

  /** Begins to work at a request; returns when it has its place among others. */
  async #begin(bytes: Uint8Array | undefined): Promise<void> {
    if (bytes !== undefined && isBlank(bytes)) return;
    const asked = new BatchRequest(this.context, this);
    try {
      const line = readLine(bytes);
      asked.id = line.id;
      asked.command = line.command;
      if (line.command === "cancel") return this.#cancel(line);
      this.#work(await this.#place(asked, line));
    } catch (error) {
      if (error instanceof InvalidLine) asked.id = error.id;
      // Nothing but the answer of the request that has the id bears it.
      if (this.#underWay.has(JSON.stringify(asked.id))) asked.id = null;
      asked.answer(await refused(asked, asLancoError(error)));
    }
  }

  async #place(asked: BatchRequest, line: Line): Promise<Job> {
    const name = asked.command;
    if (REFUSED.includes(name)) throw new Usage(`${name} cannot be run in a batch`);
    const key = this.#enter(asked);
    try {
      const command = await findCommand(asked.tables, name, asked.namespace);
      const request = readRequest(name, command, line.args, line);
      if ("foreground" in request && request.foreground) {
        throw new Usage("run -f cannot be run in a batch");
      }
      const turn = asked.turn = this.#lanes.enter(concerned(request));
      return { asked, key, command, request, turn };
    } catch (error) {
      this.#underWay.delete(key);
      throw error;
    }
  }

  /** One function, for each that waits within it takes memory for each of many requests. */
  async #work({ asked, key, command, request, turn }: Job): Promise<void> {
    let result: Result;
    try {
      await turn.come;
      result = await (command.launches
        ? this.#launches.pass(() =>
          command.run(asked, request)
        )
        : command.run(asked, request));
    } catch (error) {
      result = await refused(asked, asLancoError(error, command.failureStatus?.(request)));
    }
    turn.leave();
    this.#underWay.delete(key);
    asked.answer(result);
    this.#left?.();
  }

  /** Makes a request known by its id. Returns what it is known by. */
  #enter(asked: BatchRequest): string {
    // Those without one can be told apart by nobody.
    const key = asked.id === null ? crypto.randomUUID() : JSON.stringify(asked.id);
    if (this.#underWay.has(key)) {
      throw new Usage(`id ${key.slice(0, 50)} is that of a request that is not answered yet`);
    }
    this.#underWay.set(key, asked);
    return key;
  }

  /** Ends a request, whose own answer then tells of it. */
  #cancel({ id }: Line): void {
    const request = this.#underWay.get(JSON.stringify(id));
    if (request === undefined || !["events", "wait"].includes(request.command)) {
      const key = JSON.stringify(id).slice(0, 50);
      throw new LancoError(`no "wait" or "events" with the id ${key} is under way`, 3, "WARN");
    }
    request.cancel();
  }
}

/** Says why a request has failed. */
async function refused(asked: BatchRequest, failure: LancoError): Promise<Result> {
  await asked.report(failure);
  return { status: failure.exitStatus };
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 32 || (byte >= 9 && byte <= 13));
}

/** The tasks that a request concerns, among which an order is to be kept. */
function concerned(request: Request): readonly string[] {
  const { task, tasks } = request as { task?: string; tasks?: readonly string[] };
  return tasks ?? (task === undefined ? [] : [task]);
}
