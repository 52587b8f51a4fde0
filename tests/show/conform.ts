import type { Schema } from "../../src/show/schema_types.ts";

/** Lists the places in which a value departs from its schema. */
export function departures(value: unknown, schema: Schema, path = "$"): string[] {
  if (schema.anyOf) {
    const all = schema.anyOf.map((one) => departures(value, one, path));
    return all.some((found) => found.length === 0) ? [] : all.flat();
  }
  const types = [schema.type ?? []].flat();
  // See `anything()`.
  if (types.length === 6) return [];
  if (!types.some((type) => isOf(type, value))) {
    return [`${path} is ${JSON.stringify(value)}, not ${types.join(" or ")}`];
  }
  if (schema.enum && !schema.enum.includes(value as string | null)) {
    return [`${path} is ${JSON.stringify(value)}, none of ${schema.enum.join(", ")}`];
  }
  if (typeof value === "string" && value.length < (schema.minLength ?? 0)) {
    return [`${path} is too short`];
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return [`${path}: the schema does not say what is in the list`];
    return value.flatMap((item, i) => departures(item, items, `${path}[${i}]`));
  }
  if (typeof value !== "object" || value === null) return [];
  const { properties = {}, required = [], additionalProperties } = schema;
  const missing = required.filter((name) => !Object.hasOwn(value, name));
  return [
    ...missing.map((name) => `${path}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, field]) => {
      const known = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
      return known
        ? departures(field, known, `${path}.${name}`)
        : [`${path}.${name} is not in the schema`];
    }),
  ];
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isSafeInteger(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      // deno-lint-ignore valid-typeof -- string, number and boolean have the same names in both
      return typeof value === type;
  }
}
