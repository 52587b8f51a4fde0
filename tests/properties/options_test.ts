import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { COMMANDS, STANDALONE } from "../../src/commands/command_table.ts";
import { Usage } from "../../src/cli/errors.ts";
import {
  flag,
  list,
  type OptionTable,
  parseSpelling,
  parseWords,
  text,
} from "../../src/cli/options.ts";
import { seconds, wholeNumber } from "../../src/cli/numbers.ts";
import { anyArgument, property, textOf, unless } from "./property.ts";

const TABLE = {
  foreground: flag("-f, --foreground", ""),
  debug: flag("-d, --debug", ""),
  now: flag("--now", ""),
  logfile: text("-l, --logfile FILE", ""),
  exitCommand: text("-c, --command COMMAND", ""),
  token: list("-D, --token TOKEN", ""),
  previous: text("--previous[=N]", ""),
} as const satisfies OptionTable;

const FLAGS = ["foreground", "debug", "now"];

/** An option as it stands on a command line, and what it means. */
interface Given {
  words: string[];
  flags?: string[];
  value?: [name: string, value: string];
}

const value = fc.oneof(
  anyArgument.filter((text) => text !== ""),
  fc.constantFrom("-", "--", "-f", "--now", "=", "true", "010", "1e3", "--logfile=x", "a=b"),
);
const short: Record<string, string> = { logfile: "l", command: "c", token: "D" };
const valued = fc.tuple(fc.constantFrom("logfile", "command", "token"), value);
const letters = fc.array(fc.constantFrom("f", "d"), { minLength: 1, maxLength: 3 });
const meant = (cluster: readonly string[]) =>
  cluster.map((letter) => letter === "f" ? "foreground" : "debug");

const options: fc.Arbitrary<Given> = fc.oneof(
  fc.constantFrom(...FLAGS).map((name) => ({ words: [`--${name}`], flags: [name] })),
  letters.map((cluster) => ({ words: [`-${cluster.join("")}`], flags: meant(cluster) })),
  valued.map(([name, value]) => ({ words: [`--${name}=${value}`], value: [name, value] as const })),
  valued.map(([name, value]) => ({ words: [`--${name}`, value], value: [name, value] as const })),
  fc.tuple(fc.oneof(letters, fc.constant([])), valued, fc.boolean()).map(
    ([cluster, [name, value], apart]) => {
      const word = `-${cluster.join("")}${short[name]}`;
      const words = apart ? [word, value] : [`${word}${value}`];
      return { words, flags: meant(cluster), value: [name, value] as const };
    },
  ),
  fc.constant({ words: ["--previous"], value: ["previous", ""] as const }),
  anyArgument.map((text) => ({
    words: [`--previous=${text}`],
    value: ["previous", text] as const,
  })),
).map(({ words, ...rest }) => ({ words: [...words], ...rest } as Given));

const operand = fc.oneof(anyArgument, fc.constantFrom("-", "", "true", "a"))
  .filter((text) => text === "-" || !text.startsWith("-"));

function assertMeant(args: string[], interleaved: boolean, given: Given[], operands: string[]) {
  const parsed = parseWords(args, TABLE, interleaved);
  assertEquals(parsed.operands, operands);
  const flags = given.flatMap(({ flags = [] }) => flags);
  for (const { name } of Object.values(TABLE).map(parseSpelling)) {
    const values = given.flatMap(({ value }) => value?.[0] === name ? [value[1]] : []);
    const expected = FLAGS.includes(name)
      ? flags.filter((flag) => flag === name).map(() => true)
      : values;
    assertEquals<readonly unknown[]>(parsed.given[name] ?? [], expected);
  }
}

property(
  "parseWords() finds the options before the first operand, and leaves the rest alone",
  fc.tuple(fc.array(options), fc.option(operand), fc.array(value), fc.boolean()),
  ([given, first, rest, marked]) => {
    const operands = first === null ? [] : [first, ...rest];
    const end = marked && first !== null ? ["--"] : [];
    const args = [...given.flatMap(({ words }) => words), ...end, ...operands];
    assertMeant(args, false, given, operands);
  },
);

property(
  "parseWords() finds options among operands where that is allowed, up to --",
  fc.tuple(fc.array(fc.oneof(options, operand)), fc.option(fc.array(value))),
  ([mixed, rest]) => {
    const given = mixed.filter((one) => typeof one !== "string");
    const operands = mixed.filter((one) => typeof one === "string");
    const args = mixed.flatMap((one) => typeof one === "string" ? [one] : one.words);
    if (rest !== null) args.push("--", ...rest);
    assertMeant(args, true, given, [...operands, ...rest ?? []]);
  },
);

const TABLES = await Promise.all(
  Object.values({ ...COMMANDS, ...STANDALONE }).map(async (load) => (await load()).default.options),
);
const spellings = TABLES.flatMap((table) => Object.values(table)).map(parseSpelling)
  .flatMap(({ letter, name }) => [`--${name}`, ...letter === undefined ? [] : [`-${letter}`]]);
const words = fc.oneof(
  fc.constantFrom(...spellings),
  fc.tuple(fc.constantFrom(...spellings), anyArgument).map((parts) => parts.join("=")),
  fc.constantFrom("--__proto__", "--constructor=1", "-toString", "--no-now", "--a.b=c", "--", "-"),
  textOf("-=abcdfglmnstu", 8),
  anyArgument,
);

property(
  "parseWords() takes any words for any command, or calls them wrong usage",
  fc.tuple(fc.constantFrom(...TABLES), fc.array(words), fc.boolean()),
  ([table, args, interleaved]) => {
    const parsed = unless([Usage], () => parseWords(args, table, interleaved));
    if (parsed === undefined) return;
    let at = 0;
    for (const operand of parsed.operands) {
      at = args.indexOf(operand, at) + 1;
      assert(at > 0, `${operand} is not in its place in ${args}`);
    }
    for (const value of Object.values(parsed.given).flat()) {
      assert(typeof value !== "string" || args.some((word) => word.endsWith(value)));
    }
  },
);

property(
  "wholeNumber() and seconds() take just what is written in digits, and within the bounds",
  fc.tuple(
    fc.oneof(fc.nat().map(String), textOf("0123456789.", 6), textOf("0123456789.-+eExX _", 6)),
    fc.nat(1000),
    fc.nat(100_000),
  ),
  ([text, min, more]) => {
    const bounds = { min, max: min + more };
    const whole = unless([Usage], () => wholeNumber("-n", text, bounds));
    const time = unless([Usage], () => seconds("-t", text, bounds));
    const number = Number.parseFloat(text);
    const within = number >= bounds.min && number <= bounds.max;
    assertEquals(whole, within && /^[0-9]+$/.test(text) ? number : undefined);
    const parts = text.split(".");
    const digits = /[0-9]/.test(text) && parts.length <= 2 && !/[^0-9.]/.test(text);
    assertEquals(time, within && digits ? number : undefined);
  },
);
