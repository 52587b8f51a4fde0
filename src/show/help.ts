import type { Command } from "../cli/context.ts";
import { type OptionTable, spelt } from "../cli/options.ts";

/** The help of a command: its options are in the place that it has for them. */
export function renderHelp({ help, options }: Command): string {
  return help.replace("@OPTIONS@", () => renderOptions(options));
}

/** The options, a line each: how they are spelt, and what they do. */
function renderOptions(options: OptionTable): string {
  const shown = Object.values(options);
  const letters = shown.some((option) => spelt(option).letter !== undefined);
  const left = shown.map((option) => {
    const room = letters && spelt(option).letter === undefined ? "    " : "";
    return `  ${room}${option.spelling}`;
  });
  const wide = Math.max(...left.map(({ length }) => length));
  return shown.map(({ about }, i) => {
    const [first, ...more] = about.split("\n");
    const lines = [`${left[i]?.padEnd(wide)}  ${first}`];
    return [...lines, ...more.map((line) => " ".repeat(wide + 2) + line)].join("\n");
  }).join("\n");
}
