import type { Context, InBatch, Result } from "../../cli/command.ts";
import type { LancoError } from "../../cli/errors.ts";
import type { LogOptions } from "../../cli/logger.ts";
import type { Turn } from "./task_order.ts";

/** What a batch does for one of its requests. */
export interface BatchServices {
  /** Writes an answer, or a part of one. */
  write(answer: object): void;
  /** Has something done at the end of the batch. */
  atEnd(close: () => void): void;
}

/**
 * A request of a batch: what its command is given, and what is answered. A class with
 * methods, for many can be under way, and a closure for each of them would be much.
 */
export class BatchRequest implements Context, InBatch {
  /** Its command; the batch's own as long as that is not known. */
  command: string;
  /** By what the answer is to be known. */
  id: unknown = null;
  cancelled = false;
  sleeper: { wake(): void } | undefined;
  /** Its place among others. */
  turn: Turn | undefined;
  #messages: string[] | undefined;

  constructor(private readonly context: Context, private readonly services: BatchServices) {
    this.command = context.command;
  }

  get tables(): Context["tables"] {
    return this.context.tables;
  }

  get namespace(): string {
    return this.context.namespace;
  }

  get log(): LogOptions {
    return { ...this.context.log, write: (message) => void (this.#messages ??= []).push(message) };
  }

  get batch(): InBatch {
    return this;
  }

  async logger(token = this.command): ReturnType<Context["logger"]> {
    return (await import("../../cli/logger.ts")).createLogger(token, this.log);
  }

  /** Programs do not mistype, and to compare thousands of names takes milliseconds. */
  async report(error: LancoError): Promise<void> {
    const logger = await this.logger();
    if (error.level === "WARN") logger.warn(error.message);
    else logger.error(error.message);
  }

  emit(event: unknown): boolean {
    this.services.write({ id: this.id, event });
    return true;
  }

  releaseTurn(): void {
    this.turn?.leave();
  }

  atEnd(close: () => void): void {
    this.services.atEnd(close);
  }

  /** Takes it back. */
  cancel(): void {
    this.cancelled = true;
    this.sleeper?.wake();
  }

  /** AnswerWriter it. */
  answer({ status, output = null }: Result): void {
    this.services.write({
      id: this.id,
      exitStatus: status,
      output,
      messages: this.#messages ?? [],
    });
  }
}
