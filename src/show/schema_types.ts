declare const TYPE: unique symbol;

/**
 * The part of JSON Schema (draft 2020-12) that describes outputs. T is the TypeScript type of
 * the described values, so that the compiler checks the outputs of commands against it.
 */
export interface Schema<T = unknown> {
  /** The meaning, with its unit. */
  description?: string;
  /** The type, or several types; none if `anyOf` describes the value. */
  type?: string | string[];
  /** Schemas of which the value conforms to one at least. */
  anyOf?: readonly Schema[];
  /** The least length of a string. */
  minLength?: number;
  /** The only possible values. */
  enum?: readonly (string | null)[];
  /** The fields of an object, by their names. */
  properties?: Record<string, Schema>;
  /** The names of the fields that are always there. */
  required?: string[];
  /** The schema of fields with other names, or false if there are none. */
  additionalProperties?: Schema | false;
  /** The schema of the elements of an array. */
  items?: Schema;
  /** Carries the type, for the compiler alone; no value has it. */
  readonly [TYPE]?: T;
}

/** The type of the values that a schema describes. */
export type TypeOf<S> = S extends Schema<infer T> ? T : never;

type Fields = Record<string, Schema>;
type ObjectOf<P extends Fields> = { [K in keyof P]: TypeOf<P[K]> };

/** Describes an object with exactly these fields. */
export function object<P extends Fields>(description: string, properties: P): Schema<ObjectOf<P>> {
  const required = Object.keys(properties);
  return { description, type: "object", properties, required, additionalProperties: false };
}

/** Describes an object with these fields and no others, of which any may be missing. */
export function partial<P extends Fields>(
  description: string,
  properties: P,
): Schema<Partial<ObjectOf<P>>> {
  return { description, type: "object", properties, additionalProperties: false };
}

/** Describes an object whose fields have any names. */
export function named<T>(description: string, value: Schema<T>): Schema<Record<string, T>> {
  return { description, type: "object", additionalProperties: value };
}

/** Describes an array. */
export function list<T>(description: string, items: Schema<T>): Schema<T[]> {
  return { description, type: "array", items };
}

/** Describes an array of objects with exactly these fields. */
export function objects<P extends Fields>(description: string, one: string, properties: P) {
  return list(description, object(one, properties));
}

/** Describes an object whose fields, which have any names, are objects with exactly these fields. */
export function namedObjects<P extends Fields>(description: string, one: string, properties: P) {
  return named(description, object(one, properties));
}

/** Returns a function that describes values of a type without parts. */
function plain<T>(type: string): (description: string) => Schema<T> {
  return (description) => ({ description, type });
}

/** Describes a string. */
export const text = plain<string>("string");

/** Describes a string that is one of these words. */
export function word<W extends string>(description: string, ...words: W[]): Schema<W> {
  return { description, type: "string", enum: words };
}

/** Describes an integer. */
export const integer = plain<number>("integer");

/** Describes a number. */
export const number = plain<number>("number");

/** Describes a boolean. */
export const flag = plain<boolean>("boolean");

/** Describes a value that is always null. */
export const nothing = plain<null>("null");

/** Describes a value of any type. */
export function anything(description: string): Schema<unknown> {
  return { description, type: ["null", "boolean", "number", "string", "array", "object"] };
}

/** Returns the schema of a value that may also be null: unknown, or absent. */
export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  const type = [schema.type ?? [], "null"].flat();
  const same = schema as Schema;
  return { ...same, type, ...(same.enum ? { enum: [...same.enum, null] } : {}) } as Schema<
    T | null
  >;
}
