import { readVariables } from "../namespace/caller.ts";
import { type Paint, painted, plain } from "../show/colour.ts";

/** Returns how standard output shows states: in colour on a terminal, unless NO_COLOR is set or the terminal is dumb. */
export function outputPaint(): Paint {
  return Deno.stdout.isTerminal() && !Deno.noColor && !isDumb() ? painted : plain;
}

/** Returns whether TERM says that the terminal understands no control sequences, or says nothing. */
export function isDumb(): boolean {
  try {
    return ["dumb", ""].includes(readVariables().get("TERM") ?? "");
  } catch {
    // Without any namespace there is no /run/lanco/proc.
    return true;
  }
}

/** Returns the width of the terminal; so many columns if it is not known. */
export function columnsOrMany(many: number): number {
  try {
    return Deno.consoleSize().columns || many;
  } catch {
    return many;
  }
}
