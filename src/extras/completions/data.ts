import type { Command, CommandTables, Operands } from "../../cli/context.ts";
import { HELP } from "../../cli/help.ts";
import { GLOBAL_OPTIONS, type OptionSpec } from "../../cli/options.ts";
import { SIGNALS } from "../../task/signals.ts";

/** What the value of an option is, where a shell can complete it. */
export type ValueKind = "file" | "directory" | "user" | "group" | "signal" | "anything";

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
  operands: Operands | readonly string[];
  /** Whether options may follow an operand. */
  interleaved: boolean;
}

/** What the values of these options are; of the others, a shell knows nothing. */
const VALUES: Readonly<Record<string, ValueKind>> = {
  logfile: "file",
  chdir: "directory",
  stdin: "file",
  "env-file": "file",
  user: "user",
  group: "group",
  signal: "signal",
};

/** What stands before the namespace. */
export const GLOBAL: Command = {
  help: HELP,
  options: GLOBAL_OPTIONS,
  operands: "nothing",
  run: () => 0,
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
    options: describeOptions(command.options, command.help),
    operands: words ?? command.operands,
    interleaved: command.options.interleaved ?? false,
  };
}

function describeOptions(spec: OptionSpec, help: string): CompletedOption[] {
  const options: CompletedOption[] = [];
  for (const [key, part] of Object.entries(spec)) {
    if (key === "alias" || typeof part !== "object") continue;
    const names: readonly string[] = Array.isArray(part) ? part : Object.keys(part);
    for (const name of names) {
      const aliases = Object.entries(spec.alias ?? {}).filter(([, meant]) => meant === name);
      const spellings = [...aliases.map(([alias]) => alias), name].map(dashed);
      options.push({
        spellings,
        ...(key === "values" || key === "lists" ? { value: VALUES[name] ?? "anything" } : {}),
        // A kind of option that this does not know can be given without a value.
        optional: key !== "flags" && key !== "values" && key !== "lists",
        description: describeOption(help, spellings),
      });
    }
  }
  if (!options.some(({ spellings }) => spellings.includes("-h"))) {
    const spellings = ["-h", "--help"];
    options.push({ spellings, optional: false, description: "explain this command" });
  }
  return options;
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

/** The line of a help that explains the option. */
function describeOption(help: string, spellings: readonly string[]): string {
  for (const spelling of spellings) {
    const line = new RegExp(`^ +(?:-\\w, )?${spelling}(?:[ =[][^\\s]+)? {2,}(\\S.*)$`, "m");
    const found = line.exec(help)?.[1];
    if (found !== undefined) return found;
  }
  return "";
}

/** What the list of commands in the general help says of one, or else its own help. */
function describe(name: string, help: string): string {
  if (name === "") return "";
  const list = HELP.split("Commands:\n")[1] ?? "";
  const line = new RegExp(`^  (?:lanco |\\w+, )?${name}(?:, \\w+| \\S+)? {2,}(\\S.*)$`, "m");
  return (line.exec(list)?.[1] ?? help.split("\n\n")[1] ?? "").replaceAll("\n", " ");
}
