import type { Command } from "../cli/command.ts";
import { type Option, type OptionTable, parseSpelling } from "../cli/options.ts";
import { beside } from "./text.ts";

/** The width of the terminal that a help is made for, in columns. */
const COLUMNS = 80;

/**
 * Returns the help of a command, with its options in the place of the word `@OPTIONS@`. It ends with
 * the manual, unless the command names pages of its own.
 */
export function renderHelp({ help, options }: Command): string {
  const text = help.replace("@OPTIONS@", () => renderOptions(options));
  return /^Manual: /m.test(text) ? text : `${text}\nManual: lanco man\n`;
}

/** Renders options, a line each: their spelling and their effect. */
function renderOptions(options: OptionTable): string {
  const shown = Object.values(options);
  const hasLetter = (option: Option) => parseSpelling(option).letter !== undefined;
  const indent = shown.some(hasLetter) ? "    " : "";
  const left = shown.map((option) => `  ${hasLetter(option) ? "" : indent}${option.spelling}`);
  const wide = Math.max(...left.map(({ length }) => length));
  return shown.flatMap(({ about }, i) => beside(`${left[i]?.padEnd(wide)}  `, about, COLUMNS))
    .join("\n");
}
