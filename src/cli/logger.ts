import { ConsoleHandler } from "@std/log/console-handler";
import type { LevelName } from "@std/log/levels";
import { Logger, type LogRecord } from "@std/log/logger";
import { timestamp } from "./timestamp.ts";
import { printable } from "./printable.ts";
import { toStandardError } from "./standard_output.ts";
import { eraseProgress } from "./progress.ts";

/** Which messages are shown, and how. */
export interface LogOptions {
  /** How often `-d` was given: 0 shows warnings and errors, 1 information too, 2 debugging too. */
  verbosity: number;
  /** The tokens whose debugging messages are shown; an empty list means all. */
  tokens: readonly string[];
  /** Whether to colour messages; by default, if standard error is a terminal and NO_COLOR is not set. */
  colours?: boolean;
  /** Writes a line, which has no newline at its end; by default, to standard error. */
  write?: (line: string) => void;
}

/** Formats a message as the first lanĉo did: `2013-06-09T22:50:34 [WARN/run] task x is already running`. */
export function formatRecord(record: LogRecord): string {
  const { datetime, levelName, loggerName, msg } = record;
  return `${timestamp(datetime)} [${levelName}/${loggerName}] ${printable(msg)}`;
}

function print(line: string): void {
  eraseProgress();
  toStandardError(`${line}\n`);
}

class Handler extends ConsoleHandler {
  constructor(level: LevelName, readonly options: LogOptions) {
    super(level, {
      formatter: formatRecord,
      useColors: options.colours ?? (Deno.stderr.isTerminal() && !Deno.noColor),
    });
  }
  override handle(record: LogRecord): void {
    const { tokens } = this.options;
    if (record.levelName === "DEBUG" && tokens.length && !tokens.includes(record.loggerName)) {
      return;
    }
    super.handle(record);
  }
  override log(line: string): void {
    (this.options.write ?? print)(line);
  }
}

/** Returns the logger of a token, which is the name of a command or of a part of lanĉo. */
export function createLogger(token: string, options: LogOptions): Logger {
  const level: LevelName = (["WARN", "INFO"] as const)[options.verbosity] ?? "DEBUG";
  return new Logger(token, level, { handlers: [new Handler(level, options)] });
}
