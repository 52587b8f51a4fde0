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

/** An option as a shell completes it. */
export interface CompletedOption {
  /** With their dashes: `-m`, `--memory`. */
  spellings: string[];
  /** What follows it; nothing if it is a flag. */
  value?: ValueKind;
  /** Whether it has a value only behind `=`. */
  optional: boolean;
  /** What the help says of it. */
  description: string;
}

/** A command as a shell completes it. */
export interface CompletedCommand {
  /** As it is typed; "" for lanĉo itself, before the namespace. */
  name: string;
  /** Whether it stands where a namespace would. */
  standalone: boolean;
  /** What the help says of it. */
  description: string;
  /** Its options, `-h` included. */
  options: CompletedOption[];
  /** What its operands name, or the words to choose the first one from. */
  operands: CompletedOperands | readonly string[];
  /** Whether options may follow an operand. */
  interleaved: boolean;
}

/** What the shells know to complete operands with. */
export type CompletedOperands =
  | "nothing"
  | "patterns"
  | "running tasks"
  | "tasks to stop"
  | "known tasks"
  | "signal"
  | "command";

/** The same for operands of which there are other numbers. */
const LIKE: Partial<Record<Operands, CompletedOperands>> = {
  "words": "nothing",
  "filter": "patterns",
  "known task": "known tasks",
  "known task or none": "known tasks",
};

/** What stands before the namespace. */
export const GLOBAL: Command = {
  help: HELP,
  options: GLOBAL_OPTIONS,
  operands: "nothing",
  run: () => ({ status: 0 }),
};

/** The names of the signals that `-s` and `signal` take, without SIG. */
export const SIGNAL_NAMES: readonly string[] = Object.values(SIGNALS)
  .map((signal) => signal.slice("SIG".length));

/**
 * Loads every command and describes it for the shells; lanĉo itself comes first.
 *
 * @param words The words to choose the first operand from, of commands that have such.
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
    const own = words[name];
    const more = own === undefined ? {} : { words: own };
    described.push(describeCommand(name, (await load()).default, { standalone: true, ...more }));
  }
  return described;
}

/** Describes a command for the shells, from what it says of itself. */
export function describeCommand(
  name: string,
  command: Command,
  { standalone = false, words }: { standalone?: boolean; words?: readonly string[] } = {},
): CompletedCommand {
  return {
    name,
    standalone,
    description: describe(name, command.help),
    options: describeOptions(command.options),
    operands: words ?? LIKE[command.operands] ?? command.operands as CompletedOperands,
    // Before the namespace, and before the command of a task.
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

/** What the list of commands in the general help says of one, or else its own help. */
function describe(name: string, help: string): string {
  if (name === "") return "";
  const list = HELP.split("Commands:\n")[1] ?? "";
  const line = new RegExp(`^  (?:lanco |\\w+, )?${name}(?:, \\w+| \\S+)? {2,}(\\S.*)$`, "m");
  return (line.exec(list)?.[1] ?? help.split("\n\n")[1] ?? "").replaceAll("\n", " ");
}
