/** Returns the fields of an object in JSON; none if the text is no JSON, or no object. */
export function parseFields(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
