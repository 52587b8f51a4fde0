import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Command } from "../../src/cli/command.ts";
import { Usage } from "../../src/cli/errors.ts";
import { isOf, type Option, parseSpelling } from "../../src/cli/options.ts";
import { isField, readRequest, takesTask } from "../../src/cli/request.ts";
import { parseLine } from "../../src/commands/batch/request_line.ts";
import { COMMANDS } from "../../src/commands/command_table.ts";
import { anyText, property } from "./property.ts";

/** Every command and each of its options, as they are declared. */
const COMMAND_LIST: [name: string, command: Command][] = await Promise.all(
  Object.entries(COMMANDS).map(async ([name, load]) => [name, (await load()).default] as const),
).then((loaded) => loaded.map(([name, command]) => [name, command]));

/** The value of a field, and the words of a command line that are to mean the same. */
interface Same {
  value: unknown;
  words: (shown: string, takesNo: boolean) => string[];
}

const texts = fc.oneof(
  anyText.filter((text) => text !== ""),
  fc.constantFrom("-", "--", "-f", "=", "true", "010", "a=b", "2G", "50%", "--json"),
);
const numbers = fc.oneof(fc.nat(1000), fc.constantFrom(0.1, 1.5, -1, 10_000, 1e9, 1e21, 1e-7));
const names = texts.map((text) => text.replaceAll(/[=\0]/g, "_"));
const plain = (text: string) => text.replaceAll("\0", "");

/** Values of each JSON type, and how the same is said by words, where it can be. */
const values: Record<string, fc.Arbitrary<Same>> = {
  boolean: fc.boolean().map((value) => ({
    value,
    words: (shown, takesNo) => value ? [shown] : takesNo ? [`${shown}=no`] : [],
  })),
  string: texts.map((value) => ({ value, words: (shown) => [`${shown}=${value}`] })),
  number: numbers.map((value) => ({ value, words: (shown) => [`${shown}=${value}`] })),
  list: fc.array(texts).map((value) => ({
    value,
    words: (shown) => value.flatMap((text) => [shown, text]),
  })),
  object: fc.dictionary(names, texts.map(plain)).map((value) => ({
    value,
    words: (shown) => Object.entries(value).flatMap(([name, text]) => [shown, `${name}=${text}`]),
  })),
};

/** Whether a field can have a value at all: of a wrong type there is nothing to compare. */
function takes(option: Option, value: unknown): boolean {
  const [, ...types] = option.takes;
  return isOf(types, value);
}

/** What is read; if nothing can be, what is wrong with it. */
function attempt(read: () => object): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Usage)) throw error;
    return "wrong";
  }
}

/** Operands that the command takes. */
function operandsOf({ operands }: Command): string[] {
  switch (operands) {
    case "nothing":
      return [];
    case "signal":
      return ["TERM", "a", "b"];
    case "command":
      return ["a", "sh", "-c", "--", "true"];
    case "known tasks":
    case "running tasks":
    case "tasks to stop":
      return ["a", "b", "a"];
    default:
      return ["a"];
  }
}

const all = COMMAND_LIST.flatMap(([name, command]) =>
  Object.entries(command.options).map(([key, option]) => ({ name, command, key, option }))
);

property(
  "a request is the same from the command line and from a batch, for every command and option",
  fc.tuple(
    fc.constantFrom(...all.filter(({ command, key }) => isField(command.options, key))),
    fc.oneof(...Object.values(values)),
    fc.boolean(),
  ),
  ([{ name, command, key, option }, { value, words }, isApart]) => {
    fc.pre(takes(option, value));
    const [first, ...rest] = operandsOf(command);
    const shown = `--${parseSpelling(option).name}`;
    const takesNo = option.spelling.endsWith("[=no]");
    const line = { command: name, args: operandsOf(command), [key]: value };
    const apart = isApart && takesTask(command.operands) && command.operands !== "signal"
      ? { task: first, args: rest }
      : {};
    const said = parseLine(JSON.stringify({ ...line, ...apart }));
    const asked = attempt(() => readRequest(name, command, said.args, said));
    const typed = attempt(() =>
      readRequest(name, command, [...words(shown, takesNo), "--", ...operandsOf(command)])
    );
    assertEquals(asked, typed, `${name} ${key}`);
  },
);

property(
  "a field refuses what it does not take, with its name and what that would be",
  fc.tuple(fc.constantFrom(...all), fc.oneof(fc.jsonValue(), texts, numbers, fc.boolean())),
  ([{ name, command, key, option }, value]) => {
    fc.pre(!takes(option, value));
    const fields = { [key]: value };
    const error = assertThrows(
      () => readRequest(name, command, operandsOf(command), { fields }),
      Usage,
      `"${key}"`,
    );
    if (isField(command.options, key)) {
      assert(error.message.endsWith(option.takes[0]), error.message);
    }
  },
);

Deno.test("a field is called as its option, or as the output calls it", () => {
  const renamed = Object.fromEntries(all.flatMap(({ key, option }) => {
    const { name } = parseSpelling(option);
    const camel = name.replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase());
    return camel === key ? [] : [[name, key]];
  }));
  // "command" is the field that every request has.
  assertEquals(renamed, { command: "exitCommand" });
});

Deno.test("a field that no option has is refused, with those that there are", () => {
  for (const [name, command] of COMMAND_LIST) {
    for (const field of ["x", "toString", "__proto__", "constructor"]) {
      const said = parseLine(`{"command":"${name}","args":[],"${field}":1}`);
      const read = () => readRequest(name, command, operandsOf(command), said);
      const own = Object.keys(command.options).filter((key) => isField(command.options, key));
      const { message } = assertThrows(read, Usage, `"${field}" is no field of a request for`);
      for (const key of [...own, "args"]) assert(message.includes(key), message);
    }
  }
});

Deno.test("no option of any command has the spelling of another, nor the name of another field", () => {
  for (const [name, { options }] of COMMAND_LIST) {
    const spellings = Object.values(options).map(parseSpelling)
      .flatMap(({ letter, name }) => [name, ...letter === undefined ? [] : [letter]]);
    assertEquals(new Set(spellings).size, spellings.length, name);
    assertEquals(Object.keys(options).filter((key) => ["id", "task", "args"].includes(key)), []);
  }
});
