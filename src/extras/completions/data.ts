import type { Command, CommandTables } from "../../cli/command.ts";
import { HELP } from "../../cli/help.ts";
import {
  GLOBAL_OPTIONS,
  type OptionTable,
  parseSpelling,
  type ValueKind,
} from "../../cli/options.ts";
import type { Operands } from "../../cli/request.ts";
import { SIGNALS } from "../../task/signals.ts";

/** An option, as the shells need it for completion. */
export interface CompletedOption {
  /** The spellings with their dashes: `-m`, `--memory`. */
  spellings: string[];
  /** The kind of its value; undefined for a flag. */
  value?: ValueKind;
  /** Whether its value is optional, and can only follow `=`. */
  optional: boolean;
  /** Its description in the help. */
  description: string;
}

/** A command, as the shells need it for completion. */
export interface CompletedCommand {
  /** Its name; empty for lanĉo itself, with the options before the namespace. */
  name: string;
  /** Whether it takes the place of a namespace, as `doctor` does. */
  standalone: boolean;
  /** Its description in the help. */
  description: string;
  /** Its options, `-h` included. */
  options: CompletedOption[];
  /** The kind of its operands, or the possible words for the first one. */
  operands: Operands | readonly string[];
  /** Whether options may follow an operand. */
  interleaved: boolean;
}

/** The parts of a command that are completed. */
type Declared = Pick<Command, "help" | "options" | "operands">;

/** The options before the namespace, described like a command. */
export const GLOBAL: Declared = { help: HELP, options: GLOBAL_OPTIONS, operands: "nothing" };

/** The names of the signals that `-s` and `signal` take, without SIG. */
export const SIGNAL_NAMES: readonly string[] = Object.values(SIGNALS)
  .map((signal) => signal.slice("SIG".length));

/**
 * Loads all commands and describes them for completion. The first description is that of lanĉo
 * itself.
 *
 * @param words The possible words for the first operand, by the names of commands that have such.
 */
export async function describeAll(
  { commands, standalone }: CommandTables,
  words: Readonly<Record<string, readonly string[]>>,
): Promise<CompletedCommand[]> {
  const described = [describeCommand("", GLOBAL)];
  for (const [name, load] of Object.entries(commands)) {
    described.push(describeCommand(name, (await load()).default));
  }
  for (const [name, load] of Object.entries(standalone)) {
    described.push(describeCommand(name, (await load()).default, true, words[name]));
  }
  return described;
}

/** Returns the commands that take the place of a namespace, or those that follow one. */
export function inPlace(commands: readonly CompletedCommand[], standalone: boolean) {
  return commands.filter((command) => command.name !== "" && command.standalone === standalone);
}

/** Describes a command for completion, from its declaration. */
export function describeCommand(
  name: string,
  command: Declared,
  standalone = false,
  words?: readonly string[],
): CompletedCommand {
  return {
    name,
    standalone,
    description: describe(name, command.help),
    options: describeOptions(command.options),
    operands: words ?? command.operands,
    // The words after the namespace, and after the command of a task, are not options of this.
    interleaved: name !== "" && command.operands !== "command",
  };
}

function describeOptions(table: OptionTable): CompletedOption[] {
  const { help } = GLOBAL_OPTIONS;
  const all = { ...table, help: { ...help, about: table.help?.about ?? "explain this command" } };
  return Object.values(all).map((option) => {
    const { letter, name, value } = parseSpelling(option);
    return {
      spellings: [...letter === undefined ? [] : [`-${letter}`], `--${name}`],
      ...(value === "needed" ? { value: option.value ?? "anything" } : {}),
      optional: value === "optional",
      description: option.about.replaceAll("\n", " "),
    };
  });
}

/** Returns a command's line in the general help, or else the first paragraph of its own help. */
function describe(name: string, help: string): string {
  if (name === "") return "";
  const list = HELP.split("Commands:\n")[1] ?? "";
  const line = new RegExp(`^  (?:lanco |\\w+, )?${name}(?:, \\w+| \\S+)? {2,}(\\S.*)$`, "m");
  return (line.exec(list)?.[1] ?? help.split("\n\n")[1] ?? "").replaceAll("\n", " ");
}
