import { Usage } from "./errors.ts";
import { taskName } from "./names.ts";
import {
  called,
  isOf,
  type Option,
  type OptionTable,
  type OptionValues,
  parseSpelling,
  parseWords,
} from "./options.ts";

/** What a request has of the operands of a command, by what they are. */
export interface OperandTable {
  "nothing": object;
  /** Words of which the command knows the meaning. */
  "words": { words: readonly string[] };
  /** What names, or commands too, are to contain. */
  "filter": { filter: string };
  /** What the names of tasks are to match. */
  "patterns": { patterns: readonly string[] };
  /** One task, of which at least a record is left. */
  "known task": { task: string };
  /** The same, or none. */
  "known task or none": { task: string | undefined };
  "known tasks": { tasks: readonly string[] };
  "running tasks": { tasks: readonly string[] };
  /** Those that run, and those of which an exit command runs. */
  "tasks to stop": { tasks: readonly string[] };
  /** A signal, then tasks. */
  "signal": { signal: string; tasks: readonly string[] };
  /** A task, then its command. */
  "command": { task: string; command: readonly string[] };
}

/** What the operands of a command are. */
export type Operands = keyof OperandTable;

/** What a command is asked for: its options and operands. */
export type Request<O = OptionTable, K extends Operands = Operands> =
  & OptionValues<O>
  & OperandTable[K];

/** What a request is read by. */
export interface RequestSyntax<O extends OptionTable = OptionTable, K extends Operands = Operands> {
  /** The options of the command, by the names that they have in a request. */
  options: O;
  /** What its operands are. */
  operands: K;
}

/** What a line of a batch has beside the words. */
export interface LineFields {
  /** The task: a name and nothing else, whatever it begins with. */
  task?: string;
  /** Options, by the names that they have in a request. */
  fields?: Readonly<Record<string, unknown>>;
}

/**
 * Reads what a command is asked for, by the words of a command line, and by what a line of
 * a batch has beside them. An option among the words counts more than a field.
 *
 * @param name The name of the command.
 * @throws {Usage} if it cannot be asked for.
 */
export function readRequest<O extends OptionTable, K extends Operands>(
  name: string,
  { options: table, operands }: RequestSyntax<O, K>,
  args: readonly string[],
  { task, fields = {} }: LineFields = {},
): Request<O, K> {
  const unknown = Object.keys(fields).find((key) => !isField(table, key));
  if (unknown !== undefined) throw new Usage(noField(name, { options: table, operands }, unknown));
  const { given, operands: words } = parseWords(args, table, operands !== "command");
  const options = Object.entries(table).map(([key, option]) => {
    const typed = given[parseSpelling(option).name] ?? [];
    const subject = typed.length > 0 ? called(option) : `"${key}"`;
    return [key, option.read([...fieldOf(key, option, fields), ...typed], subject)];
  });
  const named = readOperands(name, operands, words, task);
  return { ...Object.fromEntries(options), ...named } as Request<O, K>;
}

/** Whether a line of a batch can have it. */
export function isField(table: OptionTable, key: string): boolean {
  return Object.hasOwn(table, key) && !table[key]?.commandLineOnly;
}

/** What a field has, if there is one. */
function fieldOf(key: string, { takes }: Option, fields: LineFields["fields"] = {}): unknown[] {
  if (!Object.hasOwn(fields, key)) return [];
  const [words, ...types] = takes;
  if (!isOf(types, fields[key])) throw new Usage(`"${key}" must be ${words}`);
  return [fields[key]];
}

/** Whether a task can be named in a field of its own. */
export function takesTask(operands: Operands): boolean {
  return !["nothing", "words", "filter", "patterns"].includes(operands);
}

function noField(name: string, { options, operands }: RequestSyntax, key: string): string {
  const own = Object.keys(options).filter((key) => isField(options, key));
  const all = [...takesTask(operands) ? ["task"] : [], "args", ...own];
  return `"${key}" is no field of a request for ${name}, which takes ${all.join(", ")}`;
}

/** The operands of a request. */
function readOperands(
  name: string,
  kind: Operands,
  words: readonly string[],
  task: string | undefined,
): OperandTable[Operands] {
  if (task !== undefined && !takesTask(kind)) {
    throw new Usage(`"task" is no field of a request for ${name}`);
  }
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
      return signalled(words, task);
    case "command":
      return commanded(all, task !== undefined);
    default:
      return { tasks: named(all, "which task? Give its name") };
  }
}

/** The names of tasks, each once. */
function named(names: readonly string[], otherwise: string): string[] {
  if (names.length === 0) throw new Usage(otherwise);
  return [...new Set(names.map(taskName))];
}

function signalled([signal, ...names]: readonly string[], task?: string): OperandTable["signal"] {
  if (signal === undefined) throw new Usage("which signal? Give its name, then the task's");
  const all = task === undefined ? names : [task, ...names];
  return { signal, tasks: named(all, "which task? Give its name after the signal's") };
}

/** @param isApart Whether the options have been taken away: what begins with a dash is the command. */
function commanded(
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
