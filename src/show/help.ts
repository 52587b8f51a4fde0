import type { Command } from "../cli/command.ts";
import { type OptionTable, parseSpelling } from "../cli/options.ts";
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
  const letters = shown.some((option) => parseSpelling(option).letter !== undefined);
  const left = shown.map((option) => {
    const room = letters && parseSpelling(option).letter === undefined ? "    " : "";
    return `  ${room}${option.spelling}`;
  });
  const wide = Math.max(...left.map(({ length }) => length));
  return shown.flatMap(({ about }, i) => beside(`${left[i]?.padEnd(wide)}  `, about, COLUMNS))
    .join("\n");
}
