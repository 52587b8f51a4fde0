// The parts that all commands share: options, requests, help, messages, errors and exit statuses.
import type { Logger } from "@std/log/logger";
import type { LancoError } from "./errors.ts";
import type { LogOptions } from "./logger.ts";
import type { OptionTable } from "./options.ts";
import type { Operands, Request, RequestSyntax } from "./request.ts";

/** Loads the module of a command. */
export type Loader = () => Promise<{ default: Command }>;

/** All commands, by their names. */
export interface CommandTables {
  /** The commands that work in a namespace: `lanco web ls`. */
  commands: Readonly<Record<string, Loader>>;
  /** The commands that stand in the place of a namespace: `lanco doctor`. */
  standalone: Readonly<Record<string, Loader>>;
}

/** A request that lasts, and that can be cancelled. */
export interface Cancellable {
  /** Whether the request has been cancelled. */
  readonly cancelled: boolean;
  /** The wait that a cancellation interrupts; a command sets it before it waits. */
  wait: { wake(): void } | undefined;
}

/** What all requests of a batch share. */
export interface BatchServices {
  /** Writes an answer, or an event of a request. */
  write(answer: object): void;
  /** Waits until more events can be taken, for the reader of the batch may be slow. */
  room(): Promise<void>;
  /** Registers a function that is called when the batch ends. */
  atEnd(close: () => void): void;
  /**
   * In root's batch in another user's namespace: sends the arguments of a `stop` to a process of
   * the owner's, and returns how that ended; waits so many milliseconds at most.
   */
  readonly stopByOwner?:
    | ((
      args: readonly string[],
      patience: number,
    ) => Promise<{ code?: number; what: string; signalled?: number }>)
    | undefined;
}

/** The part of a context that only commands in a batch have. */
export interface InBatch extends Cancellable {
  readonly services: BatchServices;
  /** Lets later requests that concern the same tasks begin before this one has ended. */
  releaseTurn(): void;
}

/** The context of a command: where it runs, and how it speaks to the user. */
export interface Context {
  /** All commands, for the commands that explain or run others. */
  readonly tables: CommandTables;
  /** The name of the namespace, already validated; "" for a command that works in none. */
  readonly namespace: string;
  /** The name of the command as it was typed, which messages bear as their token. */
  readonly command: string;
  /** Which messages are shown, by `-d` and `-D`. */
  readonly log: LogOptions;
  /** Set only in a batch. */
  readonly batch?: InBatch;
  /**
   * Returns the logger of the command. `@std/log` is loaded only here, because most commands have
   * no message and loading it delays their start.
   */
  logger(): Promise<Logger>;
  /** Writes the message of an error, at the error's own level. */
  report(error: LancoError): Promise<void>;
  /**
   * Writes a part of the output before the command ends. Bytes are written unchanged, other
   * values are rendered as the command's output is.
   *
   * @returns false if the reader has closed the output.
   */
  emit(part: unknown): boolean;
}

/** What a command returns. */
export interface Result<Output = unknown> {
  /** The exit status, 0 to 255. */
  status: number;
  /** The output, if there is one: text, or a value that `text()` and JSON render. */
  output?: Output;
}

/** A command: its help, its options and operands, and the function that runs it. */
export interface Command<
  O extends OptionTable = OptionTable,
  K extends Operands = Operands,
  Output = unknown,
> extends RequestSyntax<O, K> {
  /** The help text; `@OPTIONS@` is replaced by the descriptions of the options. */
  help: string;
  /** Whether the command launches a process of the owner's, which root refuses for other owners. */
  launches?: boolean;
  /**
   * Returns how long the command may write nothing before root, who has the owner of the
   * namespace run it, takes it for lost: in milliseconds, by default half a minute. A command
   * that returns Infinity waits by design, and inherits root's own streams.
   */
  maxSilence?(request: Request<O, K>): number | undefined;
  /**
   * Returns whether the command stops tasks at the keys of its user, so that root, who has the
   * owner of the namespace run it, must see these stops to their end.
   */
  stopsByKey?(request: Request<O, K>): boolean;
  /** Returns the exit status of a failure of lanĉo, where 1 could be the status of a task. */
  failureStatus?(request: Request<O, K>): number;
  /** Returns whether root runs the command as root even if another user owns the namespace. */
  runsAsRoot?(request: Request<O, K>): boolean;
  /** The first line of the JSON output of a command that prints a line for each event. */
  greeting?: object;
  /** Runs the command. Throws a `LancoError` if it fails. */
  run(context: Context, request: Request<O, K>): Promise<Result<Output>> | Result<Output>;
  /** Renders the output, or a part of it, as text. Without it, the output is printed as JSON. */
  text?(output: Output, request: Request<O, K>): string;
  /** Says in a few words what was done, for the error message if the output cannot be written. */
  summary?(output: Output): string;
}

/** Declares a command. The type of its request is inferred from its options and operands. */
export function command<O extends OptionTable, K extends Operands, Output>(
  declared: Command<O, K, Output>,
): Command {
  return declared as unknown as Command;
}

/**
 * Calls `act`, then writes the warnings that `act` gave, as messages.
 *
 * @returns the result of `act`.
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
