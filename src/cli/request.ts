import { Usage } from "./errors.ts";
import { taskName } from "./names.ts";
import {
  isOf,
  type Option,
  optionName,
  type OptionTable,
  type OptionValues,
  type ParsedWords,
  parseSpelling,
  parseWords,
} from "./options.ts";

/** Tasks by their names, and patterns for the names of running tasks. */
export interface SeveralTasks {
  tasks: readonly string[];
  patterns: readonly string[];
}

/** The operands in a request, by the kind of operands that a command takes. */
export interface OperandTable {
  "nothing": object;
  /** Words whose meaning the command knows. */
  "words": { words: readonly string[] };
  /** A text that the names or commands of the wanted tasks contain. */
  "filter": { filter: string };
  /** Patterns that the names of the wanted tasks match. */
  "patterns": { patterns: readonly string[] };
  /** One task, running or on record. */
  "known task": { task: string };
  /** One task, running or on record, or no task. */
  "known task or none": { task: string | undefined };
  "known tasks": { tasks: readonly string[] };
  "running tasks": SeveralTasks;
  /** Tasks that run, and tasks whose exit command runs. */
  "tasks to stop": SeveralTasks;
  /** Tasks, running or on record, and patterns for running ones. */
  "tasks to wait for": SeveralTasks;
  /** Tasks that are on record, and patterns for them. */
  "tasks to forget": SeveralTasks;
  /** A signal, then running tasks. */
  "signal": { signal: string } & SeveralTasks;
  /** A task, then the command to run. */
  "command": { task: string; command: readonly string[] };
}

/** The kind of operands that a command takes. */
export type Operands = keyof OperandTable;

/** The request that a command is given: the values of its options, and its operands. */
export type Request<O = OptionTable, K extends Operands = Operands> =
  & OptionValues<O>
  & OperandTable[K];

/** The syntax of a command's requests. */
export interface RequestSyntax<O extends OptionTable = OptionTable, K extends Operands = Operands> {
  /** The options of the command, by their names in a request. */
  options: O;
  /** The kind of its operands. */
  operands: K;
}

/** The fields of a batch line beside `command`, `id` and `args`. */
export interface LineFields {
  /** The task. It is never taken for an option, whatever character it begins with. */
  task?: string;
  /** The values of options, by their names in a request. */
  fields?: Readonly<Record<string, unknown>>;
}

/**
 * Reads a request from the words of a command line (or the `args` of a batch line) and from the
 * fields of a batch line. Where both have an option, the one among the words counts.
 *
 * @param name The name of the command, for messages.
 * @throws {Usage} if the words or fields do not fit the syntax.
 */
export function readRequest<O extends OptionTable, K extends Operands>(
  name: string,
  syntax: RequestSyntax<O, K>,
  args: readonly string[],
  { task, fields = {} }: LineFields = {},
): Request<O, K> {
  const { options: table, operands } = syntax;
  const present = [...task === undefined ? [] : ["task"], ...Object.keys(fields)];
  const allowed = fieldNames(syntax);
  const unknown = present.find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    const all = allowed.join(", ");
    throw new Usage(`"${unknown}" is no field of a request for ${name}, which takes ${all}`);
  }
  const words = parseWords(args, table, operands !== "command");
  const options = Object.entries(table).map(([key, option]) => {
    const typed = words.given[parseSpelling(option).name] ?? [];
    const subject = typed.length > 0 ? optionName(option) : `"${key}"`;
    return [key, option.read([...fieldValue(key, option, fields), ...typed], subject)];
  });
  const named = readOperands(name, operands, words, task);
  return { ...Object.fromEntries(options), ...named } as Request<O, K>;
}

/** Whether a batch line may have a field of this name. */
export function isField(table: OptionTable, key: string): boolean {
  return Object.hasOwn(table, key) && !table[key]?.commandLineOnly;
}

/** Returns the value of a batch field in a list, which is empty if the line lacks the field. */
function fieldValue(key: string, { takes }: Option, fields: LineFields["fields"] = {}): unknown[] {
  if (!Object.hasOwn(fields, key)) return [];
  const [words, ...types] = takes;
  if (!isOf(types, fields[key])) throw new Usage(`"${key}" must be ${words}`);
  return [fields[key]];
}

/** Whether a batch line may name a task in the field `task`. */
export function takesTask(operands: Operands): boolean {
  return !["nothing", "words", "filter", "patterns"].includes(operands);
}

/** Returns the names of the fields that a batch line may have for a command. */
function fieldNames({ options, operands }: RequestSyntax): string[] {
  const own = Object.keys(options).filter((key) => isField(options, key));
  return [...takesTask(operands) ? ["task"] : [], "args", ...own];
}

/** The words of a command line that are operands. */
type Words = Pick<ParsedWords, "operands" | "before">;

function readOperands(
  name: string,
  kind: Operands,
  { operands: words, before }: Words,
  task: string | undefined,
): OperandTable[Operands] {
  const all = task === undefined ? words : [task, ...words];
  switch (kind) {
    case "nothing":
      if (words.length > 0) throw new Usage(`${name} takes no operands: see -h`);
      return {};
    case "words":
      return { words };
    case "filter":
      if (words.length > 1) throw new Usage(`${name} takes one filter at most: see -h`);
      return { filter: words[0] ?? "" };
    case "patterns":
      return { patterns: words };
    case "known task":
      if (all.length !== 1) throw new Usage("which task? Give one name");
      return { task: taskName(all[0] ?? "") };
    case "known task or none":
      if (all.length > 1) throw new Usage(`${name} takes one task at most`);
      return { task: all[0] === undefined ? undefined : taskName(all[0]) };
    case "signal":
      return signalOperands({ operands: words, before }, task);
    case "command":
      return commandOperands(all, task !== undefined);
    case "known tasks":
      if (all.length === 0) throw new Usage("which task? Give its name");
      return { tasks: [...new Set(all.map(taskName))] };
    default:
      return severalTasks({ operands: words, before }, task);
  }
}

/** Tells patterns from names, which have none of the characters that patterns need. */
function severalTasks({ operands: words, before }: Words, task?: string): SeveralTasks {
  const isPattern = (word: string, i: number) => i < before && /[*?[]/.test(word);
  const names = words.filter((word, i) => !isPattern(word, i));
  const all = task === undefined ? names : [task, ...names];
  return { tasks: [...new Set(all.map(taskName))], patterns: words.filter(isPattern) };
}

function signalOperands({ operands: words, before }: Words, task?: string): OperandTable["signal"] {
  const [signal, ...rest] = words;
  if (signal === undefined) throw new Usage("which signal? Give its name, then the task's");
  return { signal, ...severalTasks({ operands: rest, before: before - 1 }, task) };
}

/**
 * @param isApart Whether the task was named in the field `task`. Then all options have been parsed,
 * and a word that begins with a dash is the command.
 */
function commandOperands(
  [name, ...command]: readonly string[],
  isApart: boolean,
): OperandTable["command"] {
  if (name === undefined) throw new Usage("which task? Give its name, then its command");
  const task = taskName(name);
  if (command[0] === "--") command.shift();
  else if (!isApart && command[0]?.startsWith("-")) {
    throw new Usage(
      `"${command[0]}" is no command: options go before the task's name, ` +
        'and a command that begins with "-" after "--"',
    );
  }
  if (command.length === 0) throw new Usage(`which command? Give it after "${task}"`);
  return { task, command };
}
