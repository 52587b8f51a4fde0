import { parseArgs } from "@std/cli/parse-args";
import { Usage } from "./errors.ts";

/** The options that a command knows, by their names without dashes. */
export interface OptionSpec {
  /** Options without a value. */
  flags?: readonly string[];
  /** Options with a value; the last one given counts. */
  values?: readonly string[];
  /** Options with a value that may be repeated. */
  lists?: readonly string[];
  /** Options with or without a value, which then stands after an equals sign. */
  optional?: readonly string[];
  /** Other spellings: `{ h: "help" }`. */
  alias?: Readonly<Record<string, string>>;
  /** Whether options may follow an operand. Not so for `run`, whose command has its own. */
  interleaved?: boolean;
}

/** The options that stand before the namespace. */
export const GLOBAL_OPTIONS: OptionSpec = {
  flags: ["debug", "version", "help"],
  lists: ["token"],
  alias: { d: "debug", D: "token", v: "version", h: "help" },
};

/** What stood on a command line. */
export class Options {
  readonly #given = new Map<string, string[]>();

  constructor(
    parsed: Readonly<Record<string, unknown>>,
    /** What is not an option. */
    readonly operands: string[],
  ) {
    for (const [name, value] of Object.entries(parsed)) {
      const list = [value].flat() as string[];
      if (list.length > 0) this.#given.set(name, list);
    }
  }

  /** How often the flag was given. */
  count(flag: string): number {
    return this.list(flag).length;
  }

  /** The value of an option, if it was given; "" where it may lack one and does. */
  value(name: string): string | undefined {
    return this.list(name).at(-1);
  }

  /** All the values of an option. */
  list(name: string): string[] {
    return this.#given.get(name) ?? [];
  }
}

/**
 * Parses the options of a command with `parseArgs`. The arguments are first put
 * in the form `--name=value`, because `parseArgs` takes a task called `true` for
 * the value of the flag before it, loses the `--` of `git log -- file`, and
 * refuses values that start with a dash.
 *
 * @throws {Usage} for an unknown option and for a missing or needless value.
 */
export function parseOptions(args: readonly string[], spec: OptionSpec): Options {
  const { options, operands } = separate(args, spec);
  const takesValue = [...spec.values ?? [], ...spec.lists ?? [], ...spec.optional ?? []];
  const parsed = parseArgs(options, {
    string: takesValue,
    collect: [...spec.flags ?? [], ...takesValue],
    alias: {},
  }) as Record<string, unknown>;
  return new Options(parsed, operands);
}

function separate(
  args: readonly string[],
  spec: OptionSpec,
): { options: string[]; operands: string[] } {
  const options: string[] = [];
  const operands: string[] = [];
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === "--") {
      operands.push(...queue);
      break;
    }
    if (arg.startsWith("--")) {
      const equals = arg.indexOf("=");
      const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
      options.push(one(spec, `--${name}`, equals < 0 ? undefined : arg.slice(equals + 1), queue));
    } else if (arg.startsWith("-") && arg.length > 1) {
      options.push(...cluster(spec, arg.slice(1), queue));
    } else {
      operands.push(arg);
      if (!spec.interleaved) {
        operands.push(...queue);
        break;
      }
    }
  }
  return { options, operands };
}

/** `-dd` is two flags; `-lfile` is an option and its value, as in getopt(3). */
function cluster(spec: OptionSpec, letters: string, queue: string[]): string[] {
  const options: string[] = [];
  for (const [i, letter] of [...letters].entries()) {
    if (takes(spec, letter)) {
      const value = letters.slice(i + 1);
      options.push(one(spec, `-${letter}`, value === "" ? undefined : value, queue));
      break;
    }
    options.push(one(spec, `-${letter}`, undefined, queue));
  }
  return options;
}

function takes(spec: OptionSpec, spelling: string): boolean {
  const name = spec.alias?.[spelling] ?? spelling;
  return [...spec.values ?? [], ...spec.lists ?? []].includes(name);
}

function one(spec: OptionSpec, shown: string, given: string | undefined, queue: string[]): string {
  const spelling = shown.replace(/^--?/, "");
  const name = spec.alias?.[spelling] ?? spelling;
  if (takes(spec, spelling)) {
    const value = given ?? queue.shift();
    if (value === undefined || value === "") throw new Usage(`option ${shown} needs a value`);
    return `--${name}=${value}`;
  }
  if (spec.optional?.includes(name)) return `--${name}=${given ?? ""}`;
  if (!spec.flags?.includes(name)) throw new Usage(`unknown option ${shown}`);
  if (given !== undefined) throw new Usage(`option ${shown} takes no value`);
  return `--${name}`;
}

/**
 * The number that an option was given.
 *
 * @throws {Usage} if it is not a whole number, or not within the bounds.
 */
export function wholeNumber(option: string, text: string, { min = 0, max = 1e9 } = {}): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < min || number > max) {
    throw new Usage(`option ${option} needs a whole number from ${min} to ${max}, not "${text}"`);
  }
  return number;
}

/**
 * The seconds that an option was given, fractions allowed.
 *
 * @throws {Usage} if it is not a number, or not within the bounds.
 */
export function seconds(option: string, text: string, { min = 0, max = 1e9 } = {}): number {
  const number = Number(text);
  if (!/^(\d+\.?\d*|\.\d+)$/.test(text) || number < min || number > max) {
    throw new Usage(`option ${option} needs seconds from ${min} to ${max}, not "${text}"`);
  }
  return number;
}
