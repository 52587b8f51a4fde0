/** The part of JSON Schema (draft 2020-12) that the outputs are described with. */
export interface Schema {
  /** What it means, with its unit. */
  description?: string;
  /** The type, or the types that it can have. */
  type: string | string[];
  /** The only values there can be. */
  enum?: readonly (string | null)[];
  /** The fields of an object by their names. All those listed in `required` are always there. */
  properties?: Record<string, Schema>;
  /** The fields that are always there. */
  required?: string[];
  /** What the fields of other names are: false if there are none. */
  additionalProperties?: Schema | false;
  /** What the elements of an array are. */
  items?: Schema;
}

/** An object with just these fields, all of them always there. */
export function object(description: string, properties: Record<string, Schema>): Schema {
  const required = Object.keys(properties);
  return { description, type: "object", properties, required, additionalProperties: false };
}

/** An object with just these fields, of which any may be missing. */
export function partial(description: string, properties: Record<string, Schema>): Schema {
  return { description, type: "object", properties, additionalProperties: false };
}

/** An object whose fields have the names of tasks. */
export function byTask(description: string, task: Schema): Schema {
  return { description, type: "object", additionalProperties: task };
}

/** A list. */
export function list(description: string, items: Schema): Schema {
  return { description, type: "array", items };
}

/** A text. */
export function text(description: string): Schema {
  return { description, type: "string" };
}

/** One of several words. */
export function word(description: string, ...words: string[]): Schema {
  return { description, type: "string", enum: words };
}

/** A whole number. */
export function integer(description: string): Schema {
  return { description, type: "integer" };
}

/** Any number. */
export function number(description: string): Schema {
  return { description, type: "number" };
}

/** Yes or no. */
export function flag(description: string): Schema {
  return { description, type: "boolean" };
}

/** The same, or null where it is not known or there is none. */
export function nullable(schema: Schema): Schema {
  const type = [schema.type, "null"].flat();
  return { ...schema, type, ...(schema.enum ? { enum: [...schema.enum, null] } : {}) };
}
