import type { Context, InBatch } from "../cli/context.ts";
import type { Turn } from "../cli/lanes.ts";
import type { LogOptions } from "../cli/log.ts";
import { printableJson } from "../cli/printable.ts";

/** What a batch does for one of its requests. */
export interface Desk {
  /** Writes an answer, or a part of one. */
  write(answer: Record<string, unknown>): void;
  /** Has something done at the end of the batch. */
  atEnd(close: () => void): void;
}

/**
 * A request of a batch: what its command is given, and what is answered. A class with
 * methods, for many can be under way, and a closure for each of them would be much.
 */
export class Asked implements Context, InBatch {
  /** Its command; the batch's own as long as that is not known. */
  command: string;
  /** By what the answer is to be known. */
  id: unknown = null;
  cancelled = false;
  sleeper: { wake(): void } | undefined;
  /** Its place among others. */
  turn: Turn | undefined;
  #messages: string[] | undefined;
  #printed = "";

  constructor(private readonly context: Context, private readonly desk: Desk) {
    this.command = context.command;
  }

  get tables(): Context["tables"] {
    return this.context.tables;
  }

  get namespace(): string {
    return this.context.namespace;
  }

  get args(): readonly string[] {
    return this.context.args;
  }

  get log(): LogOptions {
    return { ...this.context.log, write: (message) => void (this.#messages ??= []).push(message) };
  }

  get batch(): InBatch {
    return this;
  }

  async logger(token?: string): ReturnType<Context["logger"]> {
    return (await import("../cli/log.ts")).createLogger(token ?? this.command, this.log);
  }

  print(result: string | Uint8Array): boolean {
    this.#printed += typeof result === "string" ? result : new TextDecoder().decode(result);
    return true;
  }

  goOn(): void {
    this.turn?.leave();
  }

  atEnd(close: () => void): void {
    this.desk.atEnd(close);
  }

  tell(part: Record<string, unknown>): void {
    this.desk.write({ id: this.id, ...part });
  }

  /** Takes it back. */
  cancel(): void {
    this.cancelled = true;
    this.sleeper?.wake();
  }

  /** Answers it. */
  answer(exitStatus: number): void {
    const output = parsed(this.#printed);
    this.desk.write({ id: this.id, exitStatus, output, messages: this.#messages ?? [] });
  }
}

/** An answer as a line. */
export function renderAnswer(answer: Record<string, unknown>): string {
  return printableJson(answer) + "\n";
}

function parsed(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return text;
  }
}
