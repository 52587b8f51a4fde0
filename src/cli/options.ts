import { parseArgs } from "@std/cli/parse-args";
import { Usage } from "./errors.ts";
import { type Bounds, seconds, wholeNumber } from "./numbers.ts";

/** The kind of value that a shell completes for an option. */
export type ValueKind = "file" | "directory" | "user" | "group" | "signal" | "run" | "anything";

/** The type of a batch field. A text and a list have no empty text; an object has texts of any length. */
export type FieldType = "boolean" | "number" | "text" | "texts" | "object";

/** An option of a command, which is also a field of a batch request. T is the type of its value in a request. */
export interface Option<T = unknown> {
  /** The spelling, as the help shows it: `-m, --memory SIZE`, or `--previous[=N]`. */
  readonly spelling: string;
  /** The description in the help. */
  readonly about: string;
  /** What the value of the batch field must be: in words for a message, and its types. */
  readonly takes: readonly [words: string, ...types: FieldType[]];
  /** The kind of value that a shell completes. */
  readonly value?: ValueKind;
  /** Whether the option exists on the command line only, and is no batch field. */
  readonly commandLineOnly?: boolean;
  /**
   * Converts the given values to the value in a request.
   *
   * @param given The value of the batch field, if it is present; then the values from the command
   * line in their order: a text, "" for an omitted optional value, or true for a flag.
   * @param subject How a message names the option or field.
   * @throws {Usage} if a value is invalid.
   */
  read(given: readonly unknown[], subject: string): T;
}

/** The options of a command, by their names in a request. */
export type OptionTable = Readonly<Record<string, Option>>;

/** The values of some options in a request. */
export type OptionValues<O> = { [K in keyof O]: O[K] extends Option<infer T> ? T : never };

type More = Pick<Option, "value" | "commandLineOnly">;

/** Returns an option without a value. */
export function flag(spelling: string, about: string, more: More = {}): Option<boolean> {
  const read = (given: readonly unknown[]) => given.at(-1) === true;
  return { spelling, about, takes: ["true or false", "boolean"], ...more, read };
}

/**
 * Returns an option with a value; the last value given counts.
 *
 * @param read Converts the text that was given to the value in a request.
 */
export function value<T>(
  spelling: string,
  about: string,
  takes: Option["takes"],
  read: (text: string, subject: string) => T,
  more: More = {},
): Option<T | undefined> {
  return {
    spelling,
    about,
    takes,
    ...more,
    read: (given, subject) => given.length === 0 ? undefined : read(String(given.at(-1)), subject),
  };
}

/** Returns an option whose value is any text. */
export function text(spelling: string, about: string, more?: More): Option<string | undefined> {
  return value(spelling, about, ["a text", "text"], (text) => text, more);
}

/** Returns a function that returns an option whose value is a number. */
function numeric(takes: string, parse: typeof wholeNumber) {
  return (spelling: string, about: string, bounds: Bounds = {}): Option<number | undefined> =>
    value(spelling, about, [takes, "number"], (text, subject) => parse(subject, text, bounds));
}

/** Returns an option whose value is a whole number. */
export const whole = numeric("a whole number", wholeNumber);

/** Returns an option whose value is a number of seconds, with or without a fraction. */
export const duration = numeric("a number of seconds", seconds);

/** Returns an option that may be repeated; a request has the list of its values. */
export function list(spelling: string, about: string, more: More = {}): Option<string[]> {
  const read = (given: readonly unknown[]) => given.flat() as string[];
  return { spelling, about, takes: ["a list of texts", "texts"], ...more, read };
}

/** An environment variable. */
export type Variable = readonly [name: string, value: string];

/** Returns an option that sets an environment variable, and may be repeated. */
export function variables(spelling: string, about: string): Option<Variable[]> {
  const read = (given: readonly unknown[], subject: string) => pairs(given, subject, variable);
  return { spelling, about, takes: ["an object of texts", "object"], read };
}

/** Returns the names and values that an option was given: as texts NAME=VALUE, or as an object. */
export function pairs(
  given: readonly unknown[],
  subject: string,
  check: (pair: Variable, subject: string) => Variable,
): Variable[] {
  return given.flatMap((one) =>
    typeof one === "string"
      ? [check(parsePair(one, subject), subject)]
      : Object.entries(one as Record<string, string>).map((pair) => check(pair, subject))
  );
}

/**
 * Parses `NAME=VALUE`.
 *
 * @param subject How a message names the option.
 * @throws {Usage} if the text has no `=` or no name.
 */
export function parsePair(text: string, subject: string): Variable {
  const equals = text.indexOf("=");
  if (equals < 1) throw new Usage(`${subject} must be NAME=VALUE, not "${text.slice(0, 50)}"`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/**
 * Parses `NAME=VALUE`, the setting of an environment variable.
 *
 * @throws {Usage} if the text has no `=` or no name, or a NUL character.
 */
export function parseVariable(text: string, subject: string): Variable {
  return variable(parsePair(text, subject), subject);
}

function variable([name, value]: Variable, subject: string): Variable {
  if (!/^[^=\0]+$/.test(name) || value.includes("\0")) {
    const shown = name.slice(0, 50);
    throw new Usage(
      `${subject}: "${shown}" cannot be a variable: a name needs a character and no "="; NUL is not allowed`,
    );
  }
  return [name, value];
}

/** Whether the value of a batch field has one of the types. */
export function isOf(types: readonly FieldType[], value: unknown): boolean {
  const isText = (text: unknown) => typeof text === "string" && text !== "";
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const has: Record<FieldType, boolean> = {
    boolean: typeof value === "boolean",
    number: typeof value === "number",
    text: isText(value),
    texts: Array.isArray(value) && value.every(isText),
    object: isObject && Object.values(value).every((text) => typeof text === "string"),
  };
  return types.some((type) => has[type]);
}

/** The options before the namespace. */
export const GLOBAL_OPTIONS = {
  debug: flag("-d, --debug", "more messages; -dd for debugging"),
  token: list("-D, --token TOKEN", "debugging messages of TOKEN only"),
  version: flag("-v, --version", "print the version, that of the runtime, and the machine"),
  help: flag("-h, --help", "print this help"),
};

/** The parts of an option's spelling. */
export interface Spelling {
  letter: string | undefined;
  name: string;
  value: "none" | "needed" | "optional";
}

/** Parses the spelling of an option, such as `-m, --memory SIZE`, into its parts. */
export function parseSpelling({ spelling }: Pick<Option, "spelling">): Spelling {
  const [, letter, name = "", sign] = /^(?:-(\w), )?--([\w-]+)([ [])?/.exec(spelling) ?? [];
  return {
    letter,
    name,
    value: sign === undefined ? "none" : sign === " " ? "needed" : "optional",
  };
}

/** Returns an option's name for a message: `option -m`, or `option --swap` if there is no letter. */
export function optionName(option: Option): string {
  const { letter, name } = parseSpelling(option);
  return `option ${letter === undefined ? `--${name}` : `-${letter}`}`;
}

/** A command line, parsed. */
export interface ParsedWords {
  /** The values of the options that were given, by their long names: see `Option.read`. */
  given: Readonly<Record<string, readonly (string | true)[]>>;
  /** The words that are neither options nor their values. */
  operands: string[];
  /** How many of them come before the word `--`: all of them, if there is no such word. */
  before: number;
}

/**
 * Parses a command line with `parseArgs`. The options are first rewritten as `--name=value`,
 * because `parseArgs` takes a task called `true` for the value of the flag before it, drops the
 * `--` of `git log -- file`, and refuses values that begin with a dash.
 *
 * @param interleaved Whether options may follow an operand. For `run` they may not, because the
 * command of the task has options of its own.
 * @throws {Usage} for an unknown option, a missing value, and a value of a flag.
 */
export function parseWords(
  args: readonly string[],
  table: OptionTable,
  interleaved = true,
): ParsedWords {
  const words: string[] = [];
  const operands: string[] = [];
  const queue = [...args];
  let before = Infinity;
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === "--") {
      before = operands.length;
      break;
    }
    if (arg.startsWith("--")) {
      const [, shown = "", value] = /^([^=]*)(?:=([^]*))?$/.exec(arg) ?? [];
      words.push(rewritten(table, shown, value, queue));
    } else if (arg.startsWith("-") && arg.length > 1) {
      words.push(...cluster(table, arg.slice(1), queue));
    } else {
      operands.push(arg);
      if (!interleaved) break;
    }
  }
  operands.push(...queue);
  const given = collect(words, Object.values(table).map(parseSpelling));
  return { given, operands, before: Math.min(before, operands.length) };
}

function collect(words: readonly string[], options: readonly Spelling[]): ParsedWords["given"] {
  if (words.length === 0) return {};
  const valued = options.filter(({ value }) => value !== "none").map(({ name }) => name);
  const names = options.map(({ name }) => name);
  const parsed = parseArgs(words, { string: valued, collect: names }) as ParsedWords["given"];
  return Object.fromEntries(names.map((name) => [name, parsed[name] ?? []]));
}

/** Rewrites letters after one dash: `-dd` is two flags, `-lfile` an option and its value, as in getopt(3). */
function cluster(table: OptionTable, letters: string, queue: string[]): string[] {
  const words: string[] = [];
  for (const [i, letter] of [...letters].entries()) {
    const rest = letters.slice(i + 1);
    const takesRest = findOption(table, `-${letter}`)?.value === "needed" && rest !== "";
    words.push(rewritten(table, `-${letter}`, takesRest ? rest : undefined, queue));
    if (findOption(table, `-${letter}`)?.value === "needed") break;
  }
  return words;
}

/** Rewrites one option as `--name` or `--name=value`. */
function rewritten(
  table: OptionTable,
  shown: string,
  attached: string | undefined,
  queue: string[],
): string {
  const found = findOption(table, shown);
  if (found === undefined) {
    const where = shown === "-h" ? "give it directly after the command" : "see -h";
    throw new Usage(`unknown option ${shown}: ${where}`);
  }
  const { name, value } = found;
  if (value === "none" && attached !== undefined) throw new Usage(`option ${shown} takes no value`);
  if (value === "none") return `--${name}`;
  if (value === "optional") return `--${name}=${attached ?? ""}`;
  const text = attached ?? queue.shift();
  if (text === undefined || text === "") throw new Usage(`option ${shown} needs a value`);
  return `--${name}=${text}`;
}

/** Finds an option by its letter (`-m`) or its name (`--memory`). */
function findOption(table: OptionTable, shown: string): Spelling | undefined {
  return Object.values(table).map(parseSpelling)
    .find(({ letter, name }) => shown === `-${letter}` || shown === `--${name}`);
}
