import { parseArgs } from "@std/cli/parse-args";
import { Usage } from "./errors.ts";

/** What a shell can complete the value of an option with. */
export type ValueKind = "file" | "directory" | "user" | "group" | "signal" | "anything";

/** What a field can be: a text that is not empty, a list of such, or an object of any texts. */
export type FieldType = "boolean" | "number" | "text" | "texts" | "object";

/** An option of a command, which is a field of a request in a batch, too. T is what a request has of it. */
export interface Option<T = unknown> {
  /** How it is spelt, as the help has it: `-m, --memory SIZE`, or `--previous[=N]`. */
  readonly spelling: string;
  /** What the help says of it. */
  readonly about: string;
  /** What its field must be: in words, and of which types. */
  readonly takes: readonly [words: string, ...types: FieldType[]];
  /** What a shell can complete its value with. */
  readonly value?: ValueKind;
  /** Whether it is for the command line only, and no field. */
  readonly commandLineOnly?: boolean;
  /**
   * Makes of what was given what a request has.
   *
   * @param given What the field has, if there is one; then the texts of a command line in their
   * order, "" for one that is missing, or true for a flag.
   * @param subject How to call it, in a message.
   * @throws {Usage} for nonsense.
   */
  read(given: readonly unknown[], subject: string): T;
}

/** The options of a command, by the names that they have in a request. */
export type OptionTable = Readonly<Record<string, Option>>;

/** What a request has of some options. */
export type OptionValues<O> = { [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** What can be said of an option besides. */
type More = Pick<Option, "value" | "commandLineOnly">;

/** An option without a value. */
export function flag(spelling: string, about: string, more: More = {}): Option<boolean> {
  const read = (given: readonly unknown[]) => given.at(-1) === true;
  return { spelling, about, takes: ["true or false", "boolean"], ...more, read };
}

/**
 * An option with a value; the last one given counts.
 *
 * @param read Makes of a text what a request has.
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

/** An option whose value is any text. */
export function text(spelling: string, about: string, more?: More): Option<string | undefined> {
  return value(spelling, about, ["a text", "text"], (text) => text, more);
}

/** An option whose value is a whole number. */
export function whole(
  spelling: string,
  about: string,
  bounds: Bounds = {},
): Option<number | undefined> {
  const read = (text: string, subject: string) => wholeNumber(subject, text, bounds);
  return value(spelling, about, ["a whole number", "number"], read);
}

/** An option whose value are seconds, fractions allowed. */
export function duration(
  spelling: string,
  about: string,
  bounds: Bounds = {},
): Option<number | undefined> {
  const read = (text: string, subject: string) => seconds(subject, text, bounds);
  return value(spelling, about, ["a number of seconds", "number"], read);
}

/** An option with a value that may be repeated. */
export function list(spelling: string, about: string, more: More = {}): Option<string[]> {
  const read = (given: readonly unknown[]) => given.flat() as string[];
  return { spelling, about, takes: ["a list of texts", "texts"], ...more, read };
}

/** A variable of the environment. */
export type Variable = readonly [name: string, value: string];

/** An option that gives a variable, and may be repeated. */
export function variables(spelling: string, about: string): Option<Variable[]> {
  const read = (given: readonly unknown[], subject: string) =>
    given.flatMap((one) =>
      typeof one === "string"
        ? [parseVariable(one, subject)]
        : Object.entries(one as Record<string, string>).map((pair) => variable(pair, subject))
    );
  return { spelling, about, takes: ["an object of texts", "object"], read };
}

/** @throws {Usage} if it is no variable. */
export function parseVariable(text: string, subject: string): Variable {
  const equals = text.indexOf("=");
  if (equals < 1) throw new Usage(`${subject} must be NAME=VALUE, not "${text.slice(0, 50)}"`);
  return variable([text.slice(0, equals), text.slice(equals + 1)], subject);
}

function variable([name, value]: Variable, subject: string): Variable {
  if (!/^[^=\0]+$/.test(name) || value.includes("\0")) {
    throw new Usage(`${subject}: "${name.slice(0, 50)}" cannot be a variable`);
  }
  return [name, value];
}

/** Whether a field has one of the types. */
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

/** The options that stand before the namespace. */
export const GLOBAL_OPTIONS = {
  debug: flag("-d, --debug", "more messages; -dd for debugging"),
  token: list("-D, --token TOKEN", "of the debugging messages, only those of TOKEN"),
  version: flag("-v, --version", "print the version"),
  help: flag("-h, --help", "print this help"),
};

/** The parts of a spelling: the letter if there is one, the name, and whether a value follows. */
export interface Spelling {
  letter: string | undefined;
  name: string;
  value: "none" | "needed" | "optional";
}

/** Takes the spelling of an option apart. */
export function parseSpelling({ spelling }: Pick<Option, "spelling">): Spelling {
  const [, letter, name = "", sign] = /^(?:-(\w), )?--([\w-]+)([ [])?/.exec(spelling) ?? [];
  return {
    letter,
    name,
    value: sign === undefined ? "none" : sign === " " ? "needed" : "optional",
  };
}

/** How messages call an option. */
export function called(option: Option): string {
  const { letter, name } = parseSpelling(option);
  return `option ${letter === undefined ? `--${name}` : `-${letter}`}`;
}

/** What stood on a command line. */
export interface Words {
  /** What was given of the options, by their names: see `Option.read`. */
  given: Readonly<Record<string, readonly (string | true)[]>>;
  /** What is not an option. */
  operands: string[];
}

/**
 * Takes the words of a command line apart with `parseArgs`. They are first put in the
 * form `--name=value`, because `parseArgs` takes a task called `true` for the value of
 * the flag before it, loses the `--` of `git log -- file`, and refuses values that start
 * with a dash.
 *
 * @param interleaved Whether options may follow an operand. Not so for `run`, whose
 * command has its own.
 * @throws {Usage} for an unknown option and for a missing or needless value.
 */
export function parseWords(args: readonly string[], table: OptionTable, interleaved = true): Words {
  const words: string[] = [];
  const operands: string[] = [];
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === "--") break;
    if (arg.startsWith("--")) {
      const [, shown = "", value] = /^([^=]*)(?:=([^]*))?$/.exec(arg) ?? [];
      words.push(one(table, shown, value, queue));
    } else if (arg.startsWith("-") && arg.length > 1) {
      words.push(...cluster(table, arg.slice(1), queue));
    } else {
      operands.push(arg);
      if (!interleaved) break;
    }
  }
  operands.push(...queue);
  return { given: collect(words, Object.values(table).map(parseSpelling)), operands };
}

function collect(words: readonly string[], options: readonly Spelling[]): Words["given"] {
  if (words.length === 0) return {};
  const valued = options.filter(({ value }) => value !== "none").map(({ name }) => name);
  const names = options.map(({ name }) => name);
  const parsed = parseArgs(words, { string: valued, collect: names }) as Words["given"];
  return Object.fromEntries(names.map((name) => [name, parsed[name] ?? []]));
}

/** `-dd` is two flags; `-lfile` is an option and its value, as in getopt(3). */
function cluster(table: OptionTable, letters: string, queue: string[]): string[] {
  const words: string[] = [];
  for (const [i, letter] of [...letters].entries()) {
    const rest = letters.slice(i + 1);
    const takesRest = find(table, `-${letter}`)?.value === "needed" && rest !== "";
    words.push(one(table, `-${letter}`, takesRest ? rest : undefined, queue));
    if (find(table, `-${letter}`)?.value === "needed") break;
  }
  return words;
}

function one(
  table: OptionTable,
  shown: string,
  given: string | undefined,
  queue: string[],
): string {
  const found = find(table, shown);
  if (found === undefined) throw new Usage(`unknown option ${shown}`);
  const { name, value } = found;
  if (value === "none" && given !== undefined) throw new Usage(`option ${shown} takes no value`);
  if (value === "none") return `--${name}`;
  if (value === "optional") return `--${name}=${given ?? ""}`;
  const text = given ?? queue.shift();
  if (text === undefined || text === "") throw new Usage(`option ${shown} needs a value`);
  return `--${name}=${text}`;
}

/** By `-m` or `--memory`. */
function find(table: OptionTable, shown: string): Spelling | undefined {
  return Object.values(table).map(parseSpelling)
    .find(({ letter, name }) => shown === `-${letter}` || shown === `--${name}`);
}

/** What a number may be. */
interface Bounds {
  min?: number;
  max?: number;
}

/**
 * The number that an option was given.
 *
 * @throws {Usage} if it is not a whole number, or not within the bounds.
 */
export function wholeNumber(subject: string, text: string, { min = 0, max = 1e9 }: Bounds): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < min || number > max) {
    throw new Usage(`${subject} needs a whole number from ${min} to ${max}, not "${text}"`);
  }
  return number;
}

/**
 * The seconds that an option was given, fractions allowed.
 *
 * @throws {Usage} if it is not a number, or not within the bounds.
 */
export function seconds(subject: string, text: string, { min = 0, max = 1e9 }: Bounds): number {
  const number = Number(text);
  if (!/^(\d+\.?\d*|\.\d+)$/.test(text) || number < min || number > max) {
    throw new Usage(`${subject} needs seconds from ${min} to ${max}, not "${text}"`);
  }
  return number;
}
