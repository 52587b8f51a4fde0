import type { Logger } from "@std/log/logger";
import type { LogOptions } from "./log.ts";

/** What every command is given. */
export interface Context {
  /** The namespace, already known to be a valid name. */
  namespace: string;
  /** The command as it was typed: the token of its messages. */
  command: string;
  /** Returns the logger of a token. `@std/log` is loaded here, by those who speak. */
  logger(token?: string): Promise<Logger>;
  /** What `-d` and `-D` asked for. */
  log: LogOptions;
  /** Writes a result to standard output. */
  print(text: string): void;
}

/** A command: its help, and what it does. */
export interface Command {
  /** What `lanco <namespace> <command> -h` prints. */
  help: string;
  /** Does it. Returns the exit status; throws a `LancoError` for anything but success. */
  run(context: Context, args: readonly string[]): Promise<number> | number;
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
