import type { Schema } from "./schema_types.ts";
import { wrapped } from "./text.ts";

/** The words of JSON Schema for types, and plain ones for them. */
const NAMES: Readonly<Record<string, string>> = { string: "text", array: "list" };

/**
 * Describes the outputs of commands as text. Each field has a line, indented below the field
 * that contains it, with its type, a question mark if it can be null, and its meaning. A field
 * that an earlier output also has is only named.
 */
export function describe(schemas: Readonly<Record<string, Schema>>): string {
  const known = new Map<Schema, string>();
  return Object.entries(schemas).map(([command, schema]) =>
    [`${command}: ${schema.description}`, ...below(command, schema, known).map(indented)]
      .map((line) => `${line}\n`).join("")
  ).join("\n");
}

function below(command: string, schema: Schema, known: Map<Schema, string>): string[] {
  const { properties = {}, additionalProperties, items } = schema;
  if (items?.properties) return below(command, items, known);
  if (additionalProperties && additionalProperties.properties === undefined) {
    return [`<name>  ${typeOf(additionalProperties)}: ${meaningOf(additionalProperties)}`];
  }
  if (additionalProperties) {
    const fields = below(command, additionalProperties, known);
    return ["<task>  object", ...fields.map(indented)];
  }
  const repeated = new Map<string, string[]>();
  const own = Object.entries(properties).flatMap(([name, property]): string[] => {
    const where = known.get(property) ?? command;
    known.set(property, where);
    if (where !== command) {
      repeated.set(where, [...repeated.get(where) ?? [], name]);
      return [];
    }
    const line = `${name}  ${typeOf(property)}: ${meaningOf(property)}`;
    // Only a list of words can be longer than a line.
    const [first = "", ...more] = property.enum === undefined ? [line] : lines(line);
    return [first, ...more.map(indented), ...below(command, property, known).map(indented)];
  });
  const like = [...repeated].flatMap(([where, names]) =>
    lines(`${names.join(", ")}  as of ${where}`)
  );
  return [...like, ...own];
}

function indented(line: string): string {
  return `  ${line}`;
}

/** Breaks a list of names into lines for a terminal of 80 columns. */
function lines(list: string): string[] {
  return wrapped(list, 67, /(?<=,) /);
}

function typeOf(schema: Schema): string {
  const types = [schema.type ?? []].flat();
  if (types.length > 3) return "anything";
  if (types.join() === "null") return "null";
  const named = types.filter((type) => type !== "null").map((type) => NAMES[type] ?? type);
  return named.join(" or ") + (types.includes("null") ? "?" : "");
}

function meaningOf({ description = "", enum: words }: Schema): string {
  return words?.filter((value) => value !== null).join(", ") ?? description;
}
