import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Command } from "../../src/cli/command.ts";
import { Usage } from "../../src/cli/errors.ts";
import { readRequest } from "../../src/cli/request.ts";
import { REFUSED } from "../../src/commands/batch/refused_commands.ts";
import { parseLine } from "../../src/commands/batch/request_line.ts";
import { requestSchema } from "../../src/commands/batch/request_schema.ts";
import { COMMANDS, STANDALONE } from "../../src/commands/command_table.ts";
import { departures } from "../show/conform.ts";
import { anyText, property } from "./property.ts";

const SCHEMA = await requestSchema({ commands: COMMANDS, standalone: STANDALONE });

const commands: [name: string, command: Command][] = await Promise.all(
  Object.entries(COMMANDS).map(async ([name, load]) =>
    [name, (await load()).default] as [string, Command]
  ),
);

const keys = [...new Set(commands.flatMap(([, { options }]) => Object.keys(options)))];

const anyValue = fc.oneof(
  fc.constantFrom<unknown>("", "a", "2G", 0, 1, 1.5, true, false, null, [], {}),
  fc.array(fc.oneof(fc.constantFrom("", "a"), fc.nat(9))),
  fc.dictionary(fc.constantFrom("A", "b"), fc.oneof(anyText, fc.nat(9))),
);

const lines = fc.tuple(
  fc.constantFrom(...commands.map(([name]) => name)),
  fc.dictionary(
    fc.constantFrom("id", "task", "args", "foo", "toString", ...keys, ...keys),
    anyValue,
    { maxKeys: 3 },
  ),
).map(([command, fields]) => ({ ...fields, command }));

/** Whether the fields of a line exist and have the right types, by what reads them, each alone: an error of one hides that of the next. */
function areFieldsTaken({ command, ...fields }: { command: string }): boolean {
  return Object.entries(fields).every(([key, value]) => isFieldTaken({ command, [key]: value }));
}

function isFieldTaken(line: { command: string }): boolean {
  const [, command] = commands.find(([name]) => name === line.command) ?? [];
  assert(command !== undefined);
  const words = Object.entries(command.options)
    .map(([key, { takes: [words] }]) => `"${key}" must be ${words}`);
  try {
    const { args, ...rest } = parseLine(JSON.stringify(line));
    readRequest(line.command, command, args, rest);
    return true;
  } catch (error) {
    if (!(error instanceof Usage)) throw error;
    const { message } = error;
    return !words.includes(message) && !/ is no field of | must be a text$|not of the form/.test(
      message,
    );
  }
}

property(
  "the schema describes the requests whose fields a batch takes, and no others",
  lines,
  (line) => {
    const conforms = departures(JSON.parse(JSON.stringify(line)), SCHEMA).length === 0;
    const taken = !REFUSED.includes(line.command) && areFieldsTaken(line);
    assertEquals(conforms, taken, JSON.stringify(line));
  },
);

Deno.test("the schema describes the requests of the manual's example and of a cancellation", () => {
  const example = { id: 1, command: "run", task: "import", args: ["./import"], memory: "2G" };
  assertEquals(departures({ ...example, env: { LANG: "C" } }, SCHEMA), []);
  assertEquals(departures({ id: null, command: "cancel" }, SCHEMA), []);
  assert(departures({ ...example, command: "init" }, SCHEMA).length > 0);
  assert(departures({ command: "cancel" }, SCHEMA).length > 0);
});
