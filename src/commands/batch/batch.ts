import { type Command, command, type Context, type Result } from "../../cli/command.ts";
import { LancoError, Usage } from "../../cli/errors.ts";
import { findCommand } from "../../cli/find_command.ts";
import { readRequest, type Request } from "../../cli/request.ts";
import { delay } from "../../cli/sleep.ts";
import { effectiveUser, standardOutputMode } from "../../namespace/caller.ts";
import { readNamespace } from "../../namespace/namespace.ts";
import { GREETING } from "../../show/greeting.ts";
import { jsonLine } from "../../show/render.ts";
import { asLancoError } from "../failure.ts";
import { isSelecting, type Selecting } from "../several_tasks.ts";
import { AnswerWriter } from "./answer_writer.ts";
import { standardInput } from "../../cli/standard_input.ts";
import { ConcurrencyLimit } from "./concurrency_limit.ts";
import { REFUSED } from "./refused_commands.ts";
import type { RootRequests } from "./root_requests.ts";
import { TaskOrder, type Turn } from "./task_order.ts";
import { InvalidLine, type Line, LONGEST, readLine } from "./request_line.ts";
import { splitLines } from "../../cli/split_lines.ts";
import { BatchRequest } from "./batch_request.ts";

/** The most requests that are in progress at the same time; no more are read until one ends. */
const MANY = 16_384;

/**
 * How much is read from a caller that closed the answers, in bytes: more than a pipe or a socket
 * holds by default (pipe(7), socket(7)), so all that one that died had sent.
 */
const SENT = 2 ** 18;

/**
 * How often it is looked whether a caller that closed the answers keeps its batch waiting for
 * input, in milliseconds, and how often it may: one that died does not.
 */
const TICK = 100, TICKS = 10;

/** The most launches at the same time. Each mostly waits for the kernel and the release agent. */
const LAUNCHES = 32;

export default command({
  help: `Usage: lanco <namespace> batch

Runs the requests that it reads from standard input, a JSON object a line, many
at a time, those about one task in order. Each is answered by a line when done.

  out  {"lanco": "2.0.0", "schema": 2, ...} first, before any request is read
  in   {"id": anything, "command": "run", "task": "import",
        "args": ["./import", "--all"], "memory": "2G", "env": {"NAME": "VALUE"}}
  out  {"id": the same, "exitStatus": 0, "output": what --json prints,
        "messages": [what it would write on standard error]}

Each option is a field: --cpu-weight is "cpuWeight", but -c is "exitCommand".
"events" writes {"id": ..., "event": ...} for each event. A "cancel" ends the
"wait" or "events" that has its id, which is then answered. At the end of input
"events" ends, and the other requests are finished.

Examples:
  echo '{"command":"check","task":"import"}' | lanco web batch
  jq -c '{command:"run",task:.name,args:["make"]}' jobs.json | lanco web batch

Manual: lanco man daemon
`,
  options: {},
  operands: "nothing",
  runsAsRoot: () => true,
  async run(context) {
    const { uid } = readNamespace(context.namespace);
    const answers = new AnswerWriter(standardOutputMode());
    answers.write(jsonLine(GREETING));
    const forRoot = uid !== 0 && effectiveUser() === 0
      ? new (await import("./root_requests.ts")).RootRequests(context, () => answers.room())
      : undefined;
    const working = work(new Batch(context, answers, forRoot), answers);
    await (forRoot === undefined ? working : Promise.race([working, forRoot.ending]));
    await forRoot?.close();
    return { status: forRoot?.status ?? 0 };
  },
});

/**
 * Works at requests until there are no more, or nobody reads the answers. A caller that died has
 * closed both: what it had sent before is still executed, whichever of the two is seen first.
 */
async function work(batch: Batch, answers: AnswerWriter): Promise<void> {
  const unread = answers.gone.then(() => batch.inputWaits());
  try {
    await Promise.race([batch.serve(standardInput()), unread]);
  } finally {
    // Also if the input cannot be read, or the answers cannot be written: a stop is to reach its end.
    await batch.close();
  }
  // Not if the last ones could not be written.
  if (!answers.open) await answers.gone;
}

/** Runs requests, and answers them. */
class Batch {
  readonly #services: BatchRequest["services"];
  readonly #lanes = new TaskOrder();
  readonly #launches = new ConcurrencyLimit(LAUNCHES);
  readonly #underWay = new Map<string, BatchRequest>();
  /** The functions to call when the batch ends. */
  readonly #closing: (() => void)[] = [];
  /** Told when a request has been answered. */
  #left: (() => void) | undefined;
  /** Whether it waits for a line, or until it may take one; and how many bytes of lines it has read since nobody reads the answers. */
  #isWaiting = true;
  #unanswerable = 0;
  #isClosing = false;

  /** @param forRoot For root in another user's namespace: how requests are handled there. */
  constructor(
    private readonly context: Context,
    private readonly answers: AnswerWriter,
    private readonly forRoot?: RootRequests,
  ) {
    this.#services = {
      write: (answer) => answers.write(jsonLine(answer)),
      room: () => answers.room(),
      atEnd: (close) => this.#closing.push(close),
      stopByOwner: forRoot?.stopByOwner,
    };
  }

  /** Takes requests until there are no more, or nobody reads what becomes of those that follow. */
  async serve(stream: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const line of splitLines(stream, LONGEST)) {
      this.#isWaiting = false;
      if (!this.answers.open) this.#unanswerable += line?.length ?? LONGEST;
      if (this.#isClosing || this.#unanswerable > SENT) return;
      if (this.forRoot?.status !== undefined) return;
      await this.#begin(line);
      this.#isWaiting = true;
      await this.answers.room();
      await this.forRoot?.ready();
      if (this.#underWay.size >= MANY) await this.#oneLess();
    }
  }

  /** Returns when it has waited for a second altogether: for input, or until it may take more. */
  async inputWaits(): Promise<void> {
    for (let ticks = 0; ticks < TICKS;) {
      await delay(TICK);
      if (this.#isWaiting) ticks++;
    }
  }

  /** Cancels the requests that would have no end, and waits until all others are finished. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const endless = this.answers.open ? ["events"] : ["events", "wait"];
    for (const context of this.#underWay.values()) {
      if (endless.includes(context.command)) context.cancel();
    }
    while (this.#underWay.size > 0) await this.#oneLess();
    for (const close of this.#closing) close();
    await this.answers.end();
  }

  #oneLess(): Promise<void> {
    return new Promise((resolve) => this.#left = resolve);
  }

  /** Begins a request. Returns when its turn among other requests is fixed. */
  async #begin(bytes: Uint8Array | undefined): Promise<void> {
    if (bytes !== undefined && isBlank(bytes)) return;
    const context = new BatchRequest(this.context, this.#services);
    try {
      const line = readLine(bytes);
      context.id = line.id;
      context.command = line.command;
      if (line.command === "cancel") return this.#cancel(line);
      await this.#place(context, line);
    } catch (error) {
      if (error instanceof InvalidLine) context.id = error.id;
      // Only the answer to the request in progress may bear its id.
      if (this.#underWay.has(JSON.stringify(context.id))) context.id = null;
      context.answer(await refused(context, asLancoError(error)));
    }
  }

  /** Gives a request its turn among those that concern the same tasks, and lets it run then. */
  async #place(context: BatchRequest, line: Line): Promise<void> {
    const name = context.command;
    if (REFUSED.includes(name)) {
      throw new Usage(`${name} cannot be run in a batch: start lanco for it`);
    }
    const key = this.#enter(context);
    try {
      const found = await findCommand(context.tables, name, context.namespace);
      const command = this.forRoot?.commandFor(found, line) ?? found;
      const request = readRequest(name, command, line.args, line);
      if ("foreground" in request && request.foreground) {
        throw new Usage('run -f cannot be run in a batch: leave -f out, and send a "wait"');
      }
      const turn = context.turn = mayConcernAny(request)
        ? this.#lanes.enterAll()
        : this.#lanes.enter(concerned(request));
      this.#work(context, key, command, request, turn);
    } catch (error) {
      this.#underWay.delete(key);
      throw error;
    }
  }

  /** Runs a request. It is one function, because each one awaited costs memory for every waiting request. */
  async #work(
    context: BatchRequest,
    key: string,
    command: Command,
    request: Request,
    turn: Turn,
  ): Promise<void> {
    let result: Result;
    try {
      await turn.come;
      result = await (command.launches
        ? this.#launches.pass(() =>
          command.run(context, request)
        )
        : command.run(context, request));
    } catch (error) {
      result = await refused(context, asLancoError(error, command.failureStatus?.(request)));
    }
    turn.leave();
    this.#underWay.delete(key);
    context.answer(result);
    this.#left?.();
  }

  /** Adds a request to those in progress. Returns its key. */
  #enter(context: BatchRequest): string {
    // Requests without an id cannot be cancelled, so any unique key will do.
    const key = context.id === null ? crypto.randomUUID() : JSON.stringify(context.id);
    if (this.#underWay.has(key)) {
      const id = key.slice(0, 50);
      throw new Usage(
        `id ${id} is that of a request that is not answered yet: give each one of its own`,
      );
    }
    this.#underWay.set(key, context);
    return key;
  }

  /** Cancels the request with the id of the line. The cancelled request itself is answered. */
  #cancel({ id }: Line): void {
    const request = this.#underWay.get(JSON.stringify(id));
    if (request === undefined || !["events", "wait"].includes(request.command)) {
      const key = JSON.stringify(id).slice(0, 50);
      throw new LancoError(`no "wait" or "events" with the id ${key} is in progress`, 3, "WARN");
    }
    request.cancel();
  }
}

/** Adds the message of an error to the answer. Returns the result of the request. */
async function refused(context: BatchRequest, failure: LancoError): Promise<Result> {
  await context.report(failure);
  return { status: failure.exitStatus };
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 32 || (byte >= 9 && byte <= 13));
}

/** Returns whether a request selects tasks that run, so that it is not known which it concerns. */
function mayConcernAny(request: Request): boolean {
  return "tasks" in request && "patterns" in request &&
    isSelecting(request as Selecting);
}

/** Returns the tasks that a request concerns. */
function concerned(request: Request): readonly string[] {
  const { task, tasks } = request as { task?: string; tasks?: readonly string[] };
  return tasks ?? (task === undefined ? [] : [task]);
}
