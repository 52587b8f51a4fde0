import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { COMMANDS, STANDALONE } from "../../src/commands/mod.ts";
import { Usage } from "../../src/cli/errors.ts";
import { type OptionSpec, parseOptions, seconds, wholeNumber } from "../../src/cli/options.ts";
import { anyArgument, property, textOf, unless } from "./property.ts";

const SPEC = {
  flags: ["foreground", "debug", "now"],
  values: ["logfile", "command"],
  lists: ["token"],
  optional: ["previous"],
  alias: { f: "foreground", d: "debug", l: "logfile", c: "command", D: "token" },
} as const satisfies OptionSpec;

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
  fc.constantFrom(...SPEC.flags).map((name) => ({ words: [`--${name}`], flags: [name] })),
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

function assertMeant(args: string[], spec: OptionSpec, given: Given[], operands: string[]): void {
  const parsed = parseOptions(args, spec);
  assertEquals(parsed.operands, operands);
  const flags = given.flatMap(({ flags = [] }) => flags);
  for (const name of SPEC.flags) {
    assertEquals(parsed.count(name), flags.filter((flag) => flag === name).length);
  }
  for (const name of [...SPEC.values, ...SPEC.lists, ...SPEC.optional]) {
    const values = given.flatMap(({ value }) => value?.[0] === name ? [value[1]] : []);
    assertEquals(parsed.list(name), values);
    assertEquals(parsed.value(name), values.at(-1));
  }
}

property(
  "parseOptions() finds the options before the first operand, and leaves the rest alone",
  fc.tuple(fc.array(options), fc.option(operand), fc.array(value), fc.boolean()),
  ([given, first, rest, marked]) => {
    const operands = first === null ? [] : [first, ...rest];
    const end = marked && first !== null ? ["--"] : [];
    const args = [...given.flatMap(({ words }) => words), ...end, ...operands];
    assertMeant(args, SPEC, given, operands);
  },
);

property(
  "parseOptions() finds options among operands where that is allowed, up to --",
  fc.tuple(fc.array(fc.oneof(options, operand)), fc.option(fc.array(value))),
  ([mixed, rest]) => {
    const given = mixed.filter((one) => typeof one !== "string");
    const operands = mixed.filter((one) => typeof one === "string");
    const args = mixed.flatMap((one) => typeof one === "string" ? [one] : one.words);
    if (rest !== null) args.push("--", ...rest);
    assertMeant(args, { ...SPEC, interleaved: true }, given, [...operands, ...rest ?? []]);
  },
);

const SPECS = await Promise.all(
  Object.values({ ...COMMANDS, ...STANDALONE }).map(async (load) => (await load()).default.options),
);
const spellings = SPECS.flatMap((
  { flags = [], values = [], lists = [], optional = [], alias = {} },
) =>
  [...flags, ...values, ...lists, ...optional].map((name) => `--${name}`)
    .concat(Object.keys(alias).map((letter) => `-${letter}`))
);
const words = fc.oneof(
  fc.constantFrom(...spellings),
  fc.tuple(fc.constantFrom(...spellings), anyArgument).map((parts) => parts.join("=")),
  fc.constantFrom("--__proto__", "--constructor=1", "-toString", "--no-now", "--a.b=c", "--", "-"),
  textOf("-=abcdfglmnstu", 8),
  anyArgument,
);

property(
  "parseOptions() takes any words for any command, or calls them wrong usage",
  fc.tuple(fc.constantFrom(...SPECS), fc.array(words)),
  ([spec, args]) => {
    const parsed = unless([Usage], () => parseOptions(args, spec));
    if (parsed === undefined) return;
    let at = 0;
    for (const operand of parsed.operands) {
      at = args.indexOf(operand, at) + 1;
      assert(at > 0, `${operand} is not in its place in ${args}`);
    }
    for (const name of [...spec.values ?? [], ...spec.lists ?? []]) {
      for (const value of parsed.list(name)) assert(args.some((word) => word.endsWith(value)));
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
