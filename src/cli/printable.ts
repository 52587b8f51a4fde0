/**
 * Returns a text with spaces instead of the characters that could act on a terminal or mislead
 * its reader: control characters (ECMA-48), line and paragraph separators, and the characters
 * that change the direction of writing (Unicode Standard Annex 9).
 */
export function printable(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex -- control characters are what is replaced
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    " ",
  );
}
