// What a command line is: names, options, help, messages, errors and exit statuses.
import type { Logger } from "@std/log/logger";
import type { LogOptions } from "./log.ts";
import type { Options, OptionSpec } from "./options.ts";

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
  goOn(): void;
  /** Has something done when the batch ends. */
  atEnd(close: () => void): void;
  /** Gives a part of the answer before the end. */
  tell(part: Record<string, unknown>): void;
}

/** What every command is given. */
export interface Context {
  /** All commands, for those that explain or run others. */
  tables: CommandTables;
  /** The namespace, already known to be a valid name. */
  namespace: string;
  /** The command as it was typed: the token of its messages. */
  command: string;
  /** The whole command line. */
  args: readonly string[];
  /** Returns the logger of a token. `@std/log` is loaded here, by those who speak. */
  logger(token?: string): Promise<Logger>;
  /** What `-d` and `-D` asked for. */
  log: LogOptions;
  /** Writes a result to standard output. Returns whether somebody still reads it. */
  print(result: string | Uint8Array): boolean;
  /** What there is in a batch. */
  batch?: InBatch;
}

/** What the operands of a command are: all but patterns name tasks. */
export type Operands =
  | "nothing"
  | "patterns"
  | "running tasks"
  /** Those that run, and those of which an exit command runs. */
  | "tasks to stop"
  | "known tasks"
  /** A signal, then tasks. */
  | "signal"
  /** A task, then its command. */
  | "command";

/** How root has a command done by the owner of a namespace. */
export interface ByOwner {
  /**
   * How long it may say nothing before it is taken for lost, in milliseconds. If that is
   * Infinity it waits on purpose, and has root's own streams.
   */
  patience?: number;
  /** The exit status if it is lost; 1 if the command does not say. */
  lost?: number;
}

/** A command: its help, what may stand on its command line, and what it does. */
export interface Command {
  /** What `lanco <namespace> <command> -h` prints. */
  help: string;
  /** The options that it knows. */
  options: OptionSpec;
  /** What its operands name. */
  operands: Operands;
  /** Whether it launches what the owner of a namespace gives it, which root does for himself only. */
  launches?: boolean;
  /** How root has it done in another user's namespace. */
  byOwner?(options: Options): ByOwner;
  /** Whether root does it himself, whoever owns the namespace. */
  isForRoot?(options: Options): boolean;
  /** Does it. Returns the exit status; throws a `LancoError` for anything but success. */
  run(context: Context, options: Options): Promise<number> | number;
}

/** Reports an error in the original's form, at its own level. */
export async function report(
  context: Pick<Context, "logger">,
  error: { message: string; level: "WARN" | "ERROR" },
): Promise<void> {
  const logger = await context.logger();
  if (error.level === "WARN") logger.warn(error.message);
  else logger.error(error.message);
}

/**
 * Does something that may find things that cannot be read, and reports them at its end.
 *
 * @returns what it returns.
 */
export async function warning<T>(
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
