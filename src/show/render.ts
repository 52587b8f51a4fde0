import type { Command } from "../cli/context.ts";
import type { Request } from "../cli/request.ts";

/** Whether somebody wants JSON, and no text: that, or because there is nothing else. */
export function asJson({ options, text }: Command, request: Request): boolean {
  return "json" in options ? (request as { json?: unknown }).json === true : text === undefined;
}

/** The output of a command, or a part of one, as it is printed; a text is printed as it is. */
export function render(command: Command, output: unknown, request: Request): string {
  if (typeof output === "string") return output;
  if (output === undefined) return "";
  return asJson(command, request) ? jsonLine(output) : command.text?.(output, request) ?? "";
}

/** JSON as it is, but for control characters that JSON itself lets pass: they are escaped. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** What a program reads: one line. */
export function jsonLine(value: unknown): string {
  return printableJson(value) + "\n";
}
