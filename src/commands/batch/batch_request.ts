import type { BatchServices, Context, InBatch, Result } from "../../cli/command.ts";
import type { LancoError } from "../../cli/errors.ts";
import type { LogOptions } from "../../cli/logger.ts";
import { actsForRoot } from "../../namespace/caller.ts";
import type { Turn } from "./task_order.ts";

/**
 * A request of a batch: the context of its command, and its answer. It is a class with methods,
 * because thousands of requests can be in progress and closures for each would cost memory.
 */
export class BatchRequest implements Context, InBatch {
  /** The name of the command; "batch" until the line has been parsed. */
  command: string;
  /** The id of the request and of its answer. */
  id: unknown = null;
  cancelled = false;
  wait: { wake(): void } | undefined;
  /** The turn of the request among those that concern the same tasks. */
  turn: Turn | undefined;
  #messages: string[] | undefined;

  constructor(private readonly context: Context, readonly services: BatchServices) {
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

  async logger(): ReturnType<Context["logger"]> {
    return (await import("../../cli/logger.ts")).createLogger(this.command, this.log);
  }

  /**
   * Adds the message of an error to the answer. No similar name is suggested, because to compare
   * thousands of names takes milliseconds, and programs do not mistype.
   */
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
    // Root's own batch keeps the order of its requests by this.
    if (actsForRoot()) this.services.write({ id: this.id, turn: "released" });
  }

  /** Cancels the request: interrupts the wait of its command. */
  cancel(): void {
    this.cancelled = true;
    this.wait?.wake();
  }

  /** Writes the answer to the request. */
  answer({ status, output = null }: Result): void {
    const messages = this.#messages ?? [];
    this.services.write({ id: this.id, exitStatus: status, output, messages });
  }
}
