import type { CommandTables } from "../../cli/command.ts";
import type { FieldType, Option } from "../../cli/options.ts";
import { isField, type RequestSyntax, takesTask } from "../../cli/request.ts";
import { anything, list, object, type Schema, text, word } from "../../show/schema_types.ts";
import { REFUSED } from "./refused_commands.ts";

const nonempty = { ...text("a text"), minLength: 1 };

/** The schemas of the types of fields: see `isOf` in options.ts. */
const TYPES: Readonly<Record<FieldType, Schema>> = {
  boolean: { type: "boolean" },
  number: { type: "number" },
  text: { type: "string", minLength: 1 },
  texts: { type: "array", items: nonempty },
  object: { type: "object", additionalProperties: text("a text of any length") },
};

const id = anything("any value that no other pending request has; the answer has the same");
const task = text("a task, whatever character its name begins with");
const args = list("options and operands, as the words of a command line", text("a word"));

/**
 * Returns the schema of a request line of a batch, made from the options of the commands: a line
 * conforms to it if the command takes its fields, and each value has the right type. Whether the
 * command takes the values themselves, such as the name of a signal, is not described.
 */
export async function requestSchema({ commands }: CommandTables): Promise<Schema> {
  const taken = Object.entries(commands).filter(([name]) => !REFUSED.includes(name));
  const requests = await Promise.all(
    [...Map.groupBy(taken, ([, load]) => load)].map(async ([load, same]) =>
      request(same.map(([name]) => name), (await load()).default)
    ),
  );
  return { description: "a request of batch, one a line", anyOf: [...requests, CANCEL] };
}

const CANCEL = object("a request that ends the wait or events that has this id", {
  id,
  command: word("the name of the command", "cancel"),
});

/** @param names The name of the command, and its other names. */
function request(names: string[], { options, operands }: RequestSyntax): Schema {
  const fields = Object.entries(options).filter(([key]) => isField(options, key))
    .map(([key, option]): [string, Schema] => [key, field(option)]);
  const properties = {
    id,
    command: word("the name of the command", ...names),
    ...(takesTask(operands) ? { task } : {}),
    args,
    ...Object.fromEntries(fields),
  };
  return { ...object(`a request for ${names.join(", or ")}`, properties), required: ["command"] };
}

/** Describes the field of an option. One that may have several types gets the parts of each. */
function field({ about, takes: [words, ...types] }: Option): Schema {
  const parts = types.map((type) => TYPES[type]);
  return {
    description: `${about.replaceAll("\n", " ")}: ${words}`,
    ...Object.assign({}, ...parts),
    type: parts.flatMap(({ type }) => type ?? []),
  };
}
