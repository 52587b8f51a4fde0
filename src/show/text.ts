import { printable } from "../cli/printable.ts";

/** Matches the escape sequences by which programs control a terminal (ECMA-48, xterm's ctlseqs). */
const SEQUENCES =
  // deno-lint-ignore no-control-regex -- escape sequences begin with control characters
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;

const ASCII = /^[\u0020-\u007e]*$/;

/**
 * Makes a text that others wrote safe for one line of a terminal: removes escape sequences,
 * control characters, marks that change the direction of writing, and more than two accents on
 * one character. Tabs become spaces.
 *
 * @param unicode Whether the terminal can show more than ASCII; else question marks replace it.
 */
export function clean(text: string, unicode: boolean): string {
  if (ASCII.test(text)) return text;
  const marks = /[\p{Cf}\p{Zl}\p{Zp}\ufe00-\ufe0f]/gu;
  const tame = printable(withoutTabs(text.replace(SEQUENCES, "").replace(marks, "")))
    .replace(/(\p{M}{2})\p{M}+/gu, "$1");
  return unicode ? tame : tame.replace(/[^\u0020-\u007e]/gu, "?");
}

function withoutTabs(text: string): string {
  const [first = "", ...more] = text.split("\t");
  return more.reduce((line, part) => line + " ".repeat(8 - line.length % 8) + part, first);
}

/** The ranges of characters that take two columns (Unicode's EastAsianWidth.txt), in order. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18aff],
  [0x1b000, 0x1b2ff],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];

function widthOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (/[\p{Mn}\p{Me}]/u.test(character)) return 0;
  const wide = WIDE.some(([first, last]) => code >= first && code <= last);
  return wide || /\p{Emoji_Presentation}/u.test(character) ? 2 : 1;
}

/** Returns how many columns of a terminal a text takes. */
export function width(text: string): number {
  if (ASCII.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

/** Returns the longest end of a text that fits into this many columns. */
export function endOf(text: string, columns: number): string {
  const characters = [...text];
  let columnsLeft = width(text);
  while (columnsLeft > Math.max(0, columns)) columnsLeft -= width(characters.shift() ?? "");
  return characters.join("");
}

/** Returns the longest beginning of a text that fits into this many columns. */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (ASCII.test(text)) return text.slice(0, columns);
  let [taken, used] = ["", 0];
  for (const character of text) {
    used += widthOf(character);
    if (used > columns) break;
    taken += character;
  }
  return taken;
}

/**
 * Returns a text of exactly this many columns: padded with spaces, or shortened with an ellipsis.
 *
 * @param options.right Whether to pad on the left.
 * @param options.middle Whether to cut in the middle, for names often differ at their ends only.
 * @param options.unicode Whether the ellipsis is `…`; else it is `~`.
 */
export function fit(
  text: string,
  columns: number,
  { right = false, middle = false, unicode = true } = {},
): string {
  const taken = width(text);
  if (taken <= columns) {
    const room = " ".repeat(columns - taken);
    return right ? room + text : text + room;
  }
  const end = middle ? endOf(text, Math.floor((columns - 1) / 2)) : "";
  const begin = cut(text, columns - 1 - width(end));
  const shortened = begin + (unicode ? "…" : "~").slice(0, columns) + end;
  return shortened + " ".repeat(Math.max(0, columns - width(shortened)));
}

/** Returns a text as lines, broken at spaces, of at most so many columns each, or of one longer word. */
export function wrapped(text: string, columns: number, space = /\s+/): string[] {
  const lines: string[] = [];
  for (const word of text.split(space)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Returns lines with a text beside what is to its left; lines below the first are indented by as much. */
export function beside(left: string, text: string, columns: number): string[] {
  return wrapped(text, columns - left.length)
    .map((line, i) => (i === 0 ? left : " ".repeat(left.length)) + line);
}
