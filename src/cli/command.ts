// What a command line is: names, options, help, messages, errors and exit statuses.
import type { Logger } from "@std/log/logger";
import type { LancoError } from "./errors.ts";
import type { LogOptions } from "./logger.ts";
import type { OptionTable } from "./options.ts";
import type { Operands, Request, RequestSyntax } from "./request.ts";

/** What loads a command, when it is called for. */
export type Loader = () => Promise<{ default: Command }>;

/** All commands by their names. */
export interface CommandTables {
  /** Those that work in a namespace. */
  commands: Readonly<Record<string, Loader>>;
  /** Those that stand alone, where a namespace would. */
  standalone: Readonly<Record<string, Loader>>;
}

/** Something that lasts, and can be taken back. */
export interface Cancellable {
  /** Whether it has been. */
  readonly cancelled: boolean;
  /** Whom to wake when it is. */
  sleeper: { wake(): void } | undefined;
}

/** What a command is given that is one of many in a batch. */
export interface InBatch extends Cancellable {
  /** Lets commands go on that were asked for later and concern the same tasks. */
  releaseTurn(): void;
  /** Has something done when the batch ends. */
  atEnd(close: () => void): void;
}

/** What every command is given. */
export interface Context {
  /** All commands, for those that explain or run others. */
  readonly tables: CommandTables;
  /** The namespace, already known to be a valid name; "" for a command that stands alone. */
  readonly namespace: string;
  /** The command as it was typed: the token of its messages. */
  readonly command: string;
  /** What `-d` and `-D` asked for. */
  readonly log: LogOptions;
  /** What there is in a batch. */
  readonly batch?: InBatch;
  /** Returns the logger of a token. `@std/log` is loaded here, by those who speak. */
  logger(token?: string): Promise<Logger>;
  /** Reports an error in the original's form, at its own level. */
  report(error: LancoError): Promise<void>;
  /** Hands on a part of an output before its end: bytes as they are. Returns whether somebody still reads. */
  emit(part: unknown): boolean;
}

/** What has come of a command. */
export interface Result<Output = unknown> {
  /** The exit status. */
  status: number;
  /** What it has found out or done, if that is to be told: a text, or what JSON can say. */
  output?: Output;
}

/** A command: its help, what may stand on its command line, and what it does. */
export interface Command<
  O extends OptionTable = OptionTable,
  K extends Operands = Operands,
  Output = unknown,
> extends RequestSyntax<O, K> {
  /** What its help says beside the options, which stand where `@OPTIONS@` does. */
  help: string;
  /** Whether it launches what the owner of a namespace gives it, which root does for himself only. */
  launches?: boolean;
  /**
   * How long it may say nothing before it is taken for lost, where root has it done by the owner
   * of a namespace, in milliseconds. If that is Infinity it waits on purpose, and has root's own
   * streams.
   * By default, half a minute.
   */
  maxSilence?(request: Request<O, K>): number | undefined;
  /** The exit status if lanĉo itself fails, where 1 may be that of a task. */
  failureStatus?(request: Request<O, K>): number;
  /** Whether root does it himself, whoever owns the namespace. */
  runsAsRoot?(request: Request<O, K>): boolean;
  /** The first line of its JSON, where that has many. */
  greeting?: object;
  /** Does it. Throws a `LancoError` for what could not be done. */
  run(context: Context, request: Request<O, K>): Promise<Result<Output>> | Result<Output>;
  /** The output, or a part that is told before its end, for people. Without it, only JSON is printed. */
  text?(output: Output, request: Request<O, K>): string;
  /** What is to be said if the output cannot be written. */
  summary?(output: Output): string;
}

/** Declares a command: the types of its request follow from its options and operands. */
export function command<O extends OptionTable, K extends Operands, Output>(
  declared: Command<O, K, Output>,
): Command {
  return declared as unknown as Command;
}

/**
 * Does something that may find things that cannot be read, and reports them at its end.
 *
 * @returns what it returns.
 */
export async function reportWarnings<T>(
  context: Pick<Context, "logger">,
  act: (warn: (message: string) => void) => Promise<T> | T,
): Promise<T> {
  const warnings: string[] = [];
  const result = await act((message) => warnings.push(message));
  if (warnings.length > 0) {
    const logger = await context.logger();
    for (const message of warnings) logger.warn(message);
  }
  return result;
}
