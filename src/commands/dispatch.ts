import { effectiveUser, outlivesRootsCommand, standardOutputMode } from "../namespace/caller.ts";
import { unlessGone } from "../cgroup/cgroup.ts";
import { withinBudget } from "../cli/budget.ts";
import type { Command, Context, Result } from "../cli/command.ts";
import { findCommand } from "../cli/find_command.ts";
import { asLancoError } from "./failure.ts";
import { COMMANDS, STANDALONE } from "./command_table.ts";
import {
  Failed,
  type LancoError,
  NoSuchTask,
  NotInitialised,
  reason,
  Usage,
} from "../cli/errors.ts";
import type { LogOptions } from "../cli/logger.ts";
import { toStandardOutput } from "../cli/standard_output.ts";
import type { WriteMode } from "../cli/pending_output.ts";
import { namespaceName } from "../cli/names.ts";
import { GLOBAL_OPTIONS, parseWords } from "../cli/options.ts";
import { readRequest, type Request, takesTask } from "../cli/request.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { asJson, jsonLine, render } from "../show/render.ts";

/** How long it may take to find a similar name, in milliseconds. */
const SUGGESTION_TIME = 1000;

/** Where results and messages are written; tests give functions of their own. */
export interface Streams {
  /** Writes a result. Returns false if the reader has closed the output. */
  print(result: string | Uint8Array): boolean;
  /** Writes the line of a message; by default, to standard error. */
  write?: (line: string) => void;
}

/**
 * Runs a command line. Every error that a command throws is caught here, and written to standard
 * error as one line.
 *
 * @returns the exit status.
 */
export async function main(
  args: readonly string[],
  streams: Streams = { print: standardOutput() },
): Promise<number> {
  const line = new CommandLine(args, streams);
  try {
    return await line.run();
  } catch (error) {
    const failure = asLancoError(error);
    await line.report(failure);
    if (line.log.verbosity > 1) (await line.logger()).debug(failure.stack ?? "no stack");
    return failure.exitStatus;
  }
}

function standardOutput(): Streams["print"] {
  let mode: WriteMode | undefined;
  return (result) => toStandardOutput(result, mode ??= standardOutputMode());
}

/** A command line: the context of its command, and the printing of the result. */
class CommandLine implements Context {
  readonly tables = { commands: COMMANDS, standalone: STANDALONE };
  readonly log: LogOptions;
  namespace = "";
  command = "lanco";
  /** Renders the output, or a part of it. */
  #render: (part: unknown) => string = () => "";

  constructor(private readonly args: readonly string[], private readonly streams: Streams) {
    const { write } = streams;
    this.log = { verbosity: 0, tokens: [], ...(write ? { write } : {}) };
  }

  async logger(): ReturnType<Context["logger"]> {
    return (await import("../cli/logger.ts")).createLogger(this.command, this.log);
  }

  async report(error: LancoError): Promise<void> {
    const message = error instanceof NoSuchTask
      ? error.withSuggestion(await this.#suggestion(error.task))
      : error.message;
    const logger = await this.logger();
    if (error.level === "WARN") logger.warn(message);
    else logger.error(message);
  }

  emit(part: unknown): boolean {
    return this.streams.print(part instanceof Uint8Array ? part : this.#render(part));
  }

  /** Suggests a known task whose name is similar to that of an unknown one. */
  async #suggestion(task: string): Promise<string> {
    const { knownTasks } = await import("../task/known_tasks.ts");
    const look = () => unlessGone(() => knownTasks(this.namespace), []);
    const { result: names } = withinBudget(look, { time: SUGGESTION_TIME });
    if (names.includes(task)) return "";
    return (await import("../cli/suggestion.ts")).suggestion(task, names);
  }

  /** Runs the command line. Returns the exit status. */
  async run(): Promise<number> {
    const { given, operands } = parseWords(this.args, GLOBAL_OPTIONS, false);
    this.log.verbosity = given.debug?.length ?? 0;
    this.log.tokens = GLOBAL_OPTIONS.token.read(given.token ?? [], "");
    const [first, second, ...rest] = operands;
    if (given.version?.length) {
      if (first !== undefined) throw new Usage("-v stands alone, without a namespace");
      this.streams.print(`${(await import("../cli/version.ts")).describeVersion()}\n`);
      return 0;
    }
    if (given.help?.length) {
      const word = second ?? first;
      return await this.#execute("help", word === undefined ? [] : [word]);
    }
    if (first === undefined) throw new Usage("which namespace, which command? See lanco -h");
    if (Object.hasOwn(STANDALONE, first)) return await this.#execute(first, operands.slice(1));
    this.namespace = namespaceName(first);
    if (second === undefined) {
      const meant = Object.hasOwn(COMMANDS, first)
        ? `, or did you mean "lanco NAMESPACE ${first}"`
        : "";
      throw new Usage(`which command for namespace ${first}${meant}? See lanco -h`);
    }
    if (asksForHelp(second)) return await this.#execute("help", []);
    return await this.#execute(second, rest, first);
  }

  async #execute(name: string, args: readonly string[], namespace?: string): Promise<number> {
    const command = await findCommand(this.tables, name, namespace);
    this.command = name;
    // Only the first word: in `run task ls -h` the option belongs to the command of the task.
    if (asksForHelp(args[0])) {
      this.streams.print((await import("../show/help.ts")).renderHelp(command));
      // A script that passes "-h" as a task's name must not take 0 for "runs" or "stopped".
      return takesTask(command.operands) ? 2 : 0;
    }
    const request = readRequest(name, command, args);
    this.#render = renderer(command, request);
    try {
      const acted = namespace === undefined ? undefined : await this.#asOwner(command, request);
      if (acted !== undefined) return acted;
      return this.#show(command, await command.run(this, request));
    } catch (error) {
      throw asLancoError(error, command.failureStatus?.(request));
    }
  }

  /**
   * Runs the command of root as the owner of the namespace, if that is another user.
   *
   * @returns the exit status; undefined if this process is to run the command itself.
   */
  async #asOwner(command: Command, request: Request): Promise<number | undefined> {
    if (command.runsAsRoot?.(request)) return undefined;
    if (effectiveUser() !== 0) {
      if (command.maxSilence?.(request) === Infinity && outlivesRootsCommand()) {
        throw new Failed("root's command, for which this process was to act, has ended");
      }
      return undefined;
    }
    if (isRootsOwn(this.namespace)) return undefined;
    if (command.stopsByKey?.(request)) {
      return await (await import("../root/owner_top.ts")).topAsOwner(this, this.args);
    }
    const { asOwner, refuseToLaunch } = await import("../root/owner.ts");
    if (command.launches) return void refuseToLaunch(this.namespace);
    return await asOwner(this.namespace, this.args, command.maxSilence?.(request));
  }

  /** Prints the result of the command. Returns the exit status. */
  #show({ summary }: Command, { status, output }: Result): number {
    const text = output === undefined ? "" : this.#render(output);
    try {
      if (text !== "") this.streams.print(text);
    } catch (error) {
      if (summary === undefined) throw error;
      throw new Failed(`${summary(output)}: ${reason(error)}`);
    }
    return status;
  }
}

/** Whether a namespace belongs to root. For its commands nothing needs to be loaded that acts as another user. */
function isRootsOwn(namespace: string): boolean {
  try {
    return readNamespace(namespace).uid === 0;
  } catch (error) {
    // The owner of a namespace that was removed is told by its logs: see ownerOf().
    if (error instanceof NotInitialised) return false;
    throw error;
  }
}

/** Returns a function that renders the output, or each part of it; JSON lines begin with the greeting. */
function renderer(command: Command, request: Request): (output: unknown) => string {
  let greeting = command.greeting && asJson(command, request) ? jsonLine(command.greeting) : "";
  return (output) => {
    const text = greeting + render(command, output, request);
    greeting = "";
    return text;
  };
}

function asksForHelp(word: string | undefined): boolean {
  return word === "-h" || word === "--help";
}
