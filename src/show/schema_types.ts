declare const TYPE: unique symbol;

/**
 * The part of JSON Schema (draft 2020-12) that the outputs are described with, of values
 * of type T: what a command prints is checked against it when lanĉo is compiled.
 */
export interface Schema<T = unknown> {
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
  /** For the compiler alone. */
  readonly [TYPE]?: T;
}

/** The type of the values that a schema describes. */
export type TypeOf<S> = S extends Schema<infer T> ? T : never;

type Fields = Record<string, Schema>;
type ObjectOf<P extends Fields> = { [K in keyof P]: TypeOf<P[K]> };

/** An object with just these fields, all of them always there. */
export function object<P extends Fields>(description: string, properties: P): Schema<ObjectOf<P>> {
  const required = Object.keys(properties);
  return { description, type: "object", properties, required, additionalProperties: false };
}

/** An object with just these fields, of which any may be missing. */
export function partial<P extends Fields>(
  description: string,
  properties: P,
): Schema<Partial<ObjectOf<P>>> {
  return { description, type: "object", properties, additionalProperties: false };
}

/** An object whose fields have the names of tasks. */
export function byTask<T>(description: string, task: Schema<T>): Schema<Record<string, T>> {
  return { description, type: "object", additionalProperties: task };
}

/** A list. */
export function list<T>(description: string, items: Schema<T>): Schema<T[]> {
  return { description, type: "array", items };
}

/** A text. */
export function text(description: string): Schema<string> {
  return { description, type: "string" };
}

/** One of several words. */
export function word<W extends string>(description: string, ...words: W[]): Schema<W> {
  return { description, type: "string", enum: words };
}

/** A whole number. */
export function integer(description: string): Schema<number> {
  return { description, type: "integer" };
}

/** Any number. */
export function number(description: string): Schema<number> {
  return { description, type: "number" };
}

/** Yes or no. */
export function flag(description: string): Schema<boolean> {
  return { description, type: "boolean" };
}

/** Null. */
export function nothing(description: string): Schema<null> {
  return { description, type: "null" };
}

/** Whatever JSON can say. */
export function anything(description: string): Schema<unknown> {
  return { description, type: ["null", "boolean", "number", "string", "array", "object"] };
}

/** The same, or null where it is not known or there is none. */
export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  const type = [schema.type, "null"].flat();
  const same = schema as Schema;
  return { ...same, type, ...(same.enum ? { enum: [...same.enum, null] } : {}) } as Schema<
    T | null
  >;
}
