import { reason, Usage } from "../../cli/errors.ts";
import type { LineFields } from "../../cli/request.ts";

/** How many bytes a line may have: more than the kernel takes for a command line. */
export const LONGEST = 4 * 2 ** 20;

/** What a line of a batch says. */
export interface Line extends LineFields {
  /** What the answer is to be known by. */
  id: unknown;
  /** The name of the command. */
  command: string;
  /** Its options and operands, as words of a command line. */
  args: string[];
}

/** A line that asks for nothing, but may say by what the answer is to be known. */
export class InvalidLine extends Usage {
  constructor(message: string, readonly id: unknown = null) {
    super(message);
  }
}

/**
 * Reads a line.
 *
 * @param line Nothing, if it is too long.
 * @throws {InvalidLine} if it asks for nothing.
 */
export function readLine(line: Uint8Array | undefined): Line {
  if (line === undefined) throw new InvalidLine(`a line has more than ${LONGEST} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
  } catch {
    throw new InvalidLine("not UTF-8");
  }
  return parseLine(text);
}

/** The same of a text. */
export function parseLine(text: string): Line {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch (error) {
    throw new InvalidLine(`not JSON: ${reason(error)}`);
  }
  if (typeof said !== "object" || said === null) throw new InvalidLine("not a JSON object");
  const { id = null, command, args = [], task, ...fields } = said as Record<string, unknown>;
  const words = Array.isArray(args) && args.every((arg) => typeof arg === "string");
  if (typeof command !== "string" || !words) {
    throw new InvalidLine('not of the form {"command": "…", "args": ["…"]}', id);
  }
  if (task === undefined) return { id, command, args, fields };
  if (typeof task !== "string") throw new InvalidLine('"task" must be a text', id);
  return { id, command, args, task, fields };
}
