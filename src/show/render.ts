import type { Command } from "../cli/command.ts";
import type { Request } from "../cli/request.ts";

/** Returns whether to print JSON: because the request asks for it, or the command has no text. */
export function asJson({ options, text }: Command, request: Request): boolean {
  return "json" in options ? (request as { json?: unknown }).json === true : text === undefined;
}

/** Renders the output of a command, or a part of it, for printing. A string is left as it is. */
export function render(command: Command, output: unknown, request: Request): string {
  if (typeof output === "string") return output;
  if (output === undefined) return "";
  return asJson(command, request) ? jsonLine(output) : command.text?.(output, request) ?? "";
}

/**
 * Returns JSON in which also those control characters are escaped that JSON.stringify() leaves:
 * C1, and the ones that separate lines or change the direction of writing.
 */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Returns JSON as one line, with its newline. */
export function jsonLine(value: unknown): string {
  return printableJson(value) + "\n";
}
