import { Failed, reason } from "../../cli/errors.ts";
import { parseFields } from "../../cli/parse_fields.ts";
import type { Namespace } from "../../namespace/description.ts";
import { type Ending, OwnerProcess } from "../../root/owner_process.ts";
import type { Line } from "./request_line.ts";
import { splitLines } from "../../cli/split_lines.ts";

/** How long the process may print nothing while it is to answer, in milliseconds. */
const PATIENCE = 30_000;

/** How long the process may take to end after its input has ended, in milliseconds. */
const CLOSING = 5000;

/** How often to check whether the process has been silent too long, in milliseconds. */
const TICK = 500;

/** The longest line that is accepted from the process, in bytes. */
const LONGEST = 2 ** 26;

/** How many bytes may wait to be read by the process before no more requests are taken. */
const FULL = 2 ** 24;

/** A request of a batch, without its id. */
export type OwnerRequest = Omit<Line, "id">;

/** The answer to a request. */
export interface Answer {
  exitStatus: number;
  output: unknown;
  messages: readonly string[];
}

/** How to wait for an answer. */
export interface AskOptions {
  /** How long to wait for the answer at most, in milliseconds; by default without limit. */
  deadline?: number;
  /** Called with each event. */
  emit?(event: unknown): void;
  /** Called when later requests for the same tasks need not wait any longer. */
  releaseTurn?(): void;
}

/** A request that is not answered yet. */
interface Open extends AskOptions {
  resolve(answer: Answer): void;
  reject(error: Error): void;
  /** After how much silence the process is killed, in milliseconds. */
  patience: number;
  /** The age of the process, and the ticks that could have brought an answer, when it was asked. */
  age: number;
  audible: number;
}

/**
 * A batch that runs as the owner of a namespace and answers root's own batch, through pipes that
 * the owner cannot open. The owner can stop or kill the process: then its open requests fail.
 */
export class OwnerBatch {
  readonly #open = new Map<number, Open>();
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** Settled when the process has ended, or does not die of SIGKILL. */
  readonly #ended: Promise<void>;
  #writing: Promise<void> | undefined;
  /** How many bytes the process has not read yet. */
  #unread = 0;
  #lastId = 0;
  #isOver = false;
  /** Whether no more answers can be taken because root's own are not read. */
  #isFull = false;
  /** Ticks: of the process's life, those without `#isFull`, and those until it last spoke. */
  #age = 0;
  #audible = 0;
  #heard = 0;

  private constructor(private readonly process: OwnerProcess, private readonly owner: string) {
    this.#writer = process.input.getWriter();
    this.#ended = this.#end();
  }

  /**
   * Starts the process.
   *
   * @param options The options before the name of the namespace.
   * @param room Waits until more answers can be taken.
   * @throws {NotPermitted} if the owner may not execute this executable.
   * @throws {Failed} if no process of the owner's can be started.
   */
  static async start(
    namespace: Namespace,
    options: readonly string[],
    room: () => Promise<void>,
  ): Promise<OwnerBatch> {
    const started = Promise.withResolvers<OwnerBatch>();
    const { uid, owner } = namespace;
    const process = await OwnerProcess.start(
      { uid, owner, namespace },
      [...options, namespace.namespace, "batch"],
      async (output) => (await started.promise).#read(output, room),
    );
    const batch = new OwnerBatch(process, owner);
    started.resolve(batch);
    return batch;
  }

  /** Whether the process answers no more requests. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Sends a request.
   *
   * @returns its id, and its answer, which rejects with `Failed` if there is none.
   */
  ask(request: OwnerRequest, options: AskOptions = {}): { id: number; answer: Promise<Answer> } {
    const { promise: answer, resolve, reject } = Promise.withResolvers<Answer>();
    const id = ++this.#lastId;
    const patience = PATIENCE + (options.deadline ?? 0);
    const since = { age: this.#age, audible: this.#audible };
    this.#open.set(id, { ...options, ...since, resolve, reject, patience });
    const { command, args, task, fields } = request;
    this.#write({ ...fields, id, command, args, ...(task === undefined ? {} : { task }) });
    return { id, answer };
  }

  /** Cancels a request; from now on its answer must come soon. */
  cancel(id: number): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    Object.assign(open, { patience: PATIENCE, audible: this.#audible });
    this.#write({ id, command: "cancel" });
  }

  /** Waits until the process has read most of its requests. */
  async room(): Promise<void> {
    while (!this.#isOver && this.#unread > FULL) {
      await Promise.race([this.#writing, this.#ended]);
    }
  }

  /** Ends the input of the process, and waits for its end. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#writer.close().catch(() => {});
    const timer = setTimeout(() => this.process.kill("did not end with its input"), CLOSING);
    await this.#ended;
    clearTimeout(timer);
  }

  #write(line: object): void {
    const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
    this.#unread += bytes.length;
    const done = () => void (this.#unread -= bytes.length);
    // A failure needs no care: the process has ended, and then all open requests fail.
    this.#writing = this.#writer.write(bytes).then(done, done);
  }

  async #read(output: AsyncIterable<Uint8Array>, room: () => Promise<void>): Promise<void> {
    for await (const line of splitLines(output, LONGEST)) {
      if (line === undefined) this.#kill(`printed a line of more than ${LONGEST} bytes`);
      else this.#take(line);
      // A slow reader of root's answers is no silence of the process.
      this.#isFull = true;
      await room();
      this.#isFull = false;
    }
  }

  #take(line: Uint8Array): void {
    this.#heard = this.#audible;
    // A line that the end of the process has cut short has no fields.
    const said = parseFields(new TextDecoder().decode(line));
    const id = said.id as number;
    const open = this.#open.get(id);
    if (open === undefined) return;
    if ("event" in said) return open.emit?.(said.event);
    if (said.turn === "released") {
      // It waits on purpose from now on.
      open.patience = Infinity;
      return open.releaseTurn?.();
    }
    const { exitStatus, output, messages } = said;
    if (!isStatus(exitStatus) || !areTexts(messages)) return;
    this.#open.delete(id);
    open.resolve({ exitStatus, output, messages });
  }

  /** Counts ticks instead of reading a clock, for this process may itself be stopped for long. */
  #tick(): void {
    this.#age++;
    if (!this.#isFull) this.#audible++;
    for (const { age, audible, deadline = Infinity, patience, reject } of this.#open.values()) {
      if ((this.#age - age) * TICK >= deadline) {
        reject(this.#failure(`has not answered in ${deadline / 1000} seconds`));
      }
      const silence = (this.#audible - Math.max(audible, this.#heard)) * TICK;
      if (silence >= patience) return this.#kill(`said nothing for ${patience / 1000} seconds`);
    }
  }

  #kill(why: string): void {
    this.#isOver = true;
    this.process.kill(why);
  }

  #failure(how: string): Failed {
    return new Failed(`the process that acted as ${this.owner} for root ${how}`);
  }

  /** Waits for the end of the process, and has all open requests fail. */
  async #end(): Promise<void> {
    const timer = setInterval(() => this.#tick(), TICK);
    const { what, code }: Ending = await this.process.end(Infinity)
      .catch((error) => ({ what: `cannot read from the owner's process: ${reason(error)}` }));
    clearInterval(timer);
    this.#isOver = true;
    const failure = what === "" ? this.#failure(`ended with status ${code}`) : new Failed(what);
    for (const { reject } of this.#open.values()) reject(failure);
    this.#open.clear();
  }
}

function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}
