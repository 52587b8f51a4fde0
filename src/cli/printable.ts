/**
 * The text with spaces instead of what could act on a terminal or mislead who reads it:
 * control characters (ECMA-48), line and paragraph separators, and those that turn the
 * direction of writing (Unicode Standard Annex 9).
 */
export function printable(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex -- that is what it is for
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    " ",
  );
}
