import type { Command, Context, Result } from "../../cli/command.ts";
import { LancoError, reason } from "../../cli/errors.ts";
import { readNamespace } from "../../namespace/namespace.ts";
import { refuseToLaunch } from "../../root/owner.ts";
import { ENDING, type Ending, statusOf } from "../../root/owner_process.ts";
import { OwnerBatch, type OwnerRequest } from "./owner_batch.ts";

/** The commands that root runs itself: their request goes to the owner, and then root kills. */
const STOPPING = ["stop", "kill"];

/**
 * The requests of root's batch in another user's namespace. Root launches nothing, and stops
 * tasks as the command `stop` does; all else is forwarded to a batch that runs as the owner.
 * If the owner stops or kills that process, the requests that it had fail, and a new process
 * is started for later ones.
 */
export class RootRequests {
  readonly #ending = Promise.withResolvers<void>();
  readonly #closers: (() => void)[] = [];
  #batch: OwnerBatch | undefined;
  #starting: Promise<OwnerBatch> | undefined;
  #status: number | undefined;

  /** @param room Waits until more answers can be taken. */
  constructor(private readonly context: Context, private readonly room: () => Promise<void>) {
    for (const signal of ENDING) {
      const end = () => {
        this.#status ??= statusOf(signal);
        this.#ending.resolve();
      };
      Deno.addSignalListener(signal, end);
      this.#closers.push(() => Deno.removeSignalListener(signal, end));
    }
  }

  /** 128 + n after signal n, which ends the batch. */
  get status(): number | undefined {
    return this.#status;
  }

  /** Resolved when a signal has come that ends the batch. */
  get ending(): Promise<void> {
    return this.#ending.promise;
  }

  /** Returns the command that does for root what was asked for. */
  commandFor(command: Command, line: OwnerRequest): Command {
    if (STOPPING.includes(line.command)) return command;
    if (!command.launches) return { ...command, run: (context) => this.#forward(context, line) };
    return {
      ...command,
      run: (context, request) => {
        refuseToLaunch(context.namespace);
        return command.run(context, request);
      },
    };
  }

  /** Sends a request for `stop` to the owner's process: see `Asking` in root/stop.ts. */
  readonly stopByOwner = async (args: readonly string[], patience: number): Promise<Ending> => {
    try {
      const batch = await this.#ownerBatch();
      const request = { command: "stop", args: [...args] };
      const { exitStatus } = await batch.ask(request, { deadline: patience }).answer;
      return { code: exitStatus, what: "" };
    } catch (error) {
      if (this.#status === undefined) throw error;
      return { what: reason(error), signalled: this.#status };
    }
  };

  /** Waits until more requests can be taken. */
  async ready(): Promise<void> {
    await this.#batch?.room();
  }

  /** Ends the owner's process. */
  async close(): Promise<void> {
    for (const close of this.#closers) close();
    await this.#starting?.catch(() => {});
    await this.#batch?.close();
  }

  async #forward(context: Context, line: OwnerRequest): Promise<Result> {
    const { batch: inBatch } = context;
    const batch = await this.#ownerBatch();
    const { id, answer } = batch.ask(line, {
      emit: (event) => void context.emit(event),
      releaseTurn: () => inBatch?.releaseTurn(),
    });
    if (inBatch !== undefined) inBatch.wait = { wake: () => batch.cancel(id) };
    if (inBatch?.cancelled) batch.cancel(id);
    const { exitStatus, output, messages } = await answer;
    for (const message of messages) context.log.write?.(message);
    return { status: exitStatus, output };
  }

  #ownerBatch(): Promise<OwnerBatch> {
    if (this.#batch?.isOver) this.#batch = this.#starting = undefined;
    return this.#starting ??= this.#start();
  }

  async #start(): Promise<OwnerBatch> {
    try {
      if (this.#status !== undefined) throw new LancoError("the batch ends", this.#status, "WARN");
      const { verbosity, tokens } = this.context.log;
      const options = [...Array(verbosity).fill("-d"), ...tokens.flatMap((token) => ["-D", token])];
      const namespace = readNamespace(this.context.namespace);
      return this.#batch = await OwnerBatch.start(namespace, options, this.room);
    } catch (error) {
      this.#starting = undefined;
      throw error;
    }
  }
}
