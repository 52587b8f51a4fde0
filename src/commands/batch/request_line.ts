import { reason, Usage } from "../../cli/errors.ts";
import type { LineFields } from "../../cli/request.ts";

/** The most bytes of a line. It is more than the kernel takes for a command line (execve(2)). */
export const LONGEST = 4 * 2 ** 20;

/** A request line of a batch. */
export interface Line extends LineFields {
  /** Any JSON value; the answer has the same one. */
  id: unknown;
  /** The name of the command. */
  command: string;
  /** Options and operands, as the words of a command line. */
  args: string[];
}

/** The error of a line that is no request. It has the id of the line, if there is one. */
export class InvalidLine extends Usage {
  constructor(message: string, readonly id: unknown = null) {
    super(message);
  }
}

/**
 * Decodes and parses a request line.
 *
 * @param line The bytes of the line; undefined if it is too long.
 * @throws {InvalidLine} if the line is no request.
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

/**
 * Parses the text of a request line.
 *
 * @throws {InvalidLine} if the line is no request.
 */
export function parseLine(text: string): Line {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new InvalidLine(`not JSON: ${reason(error)}`);
  }
  if (typeof parsed !== "object" || parsed === null) throw new InvalidLine("not a JSON object");
  const { id = null, command, args = [], task, ...fields } = parsed as Record<string, unknown>;
  const words = Array.isArray(args) && args.every((arg) => typeof arg === "string");
  if (typeof command !== "string" || !words) {
    const what = words ? '"command" is no text' : '"args" is no list of texts';
    throw new InvalidLine(`${what}: not of the form {"command": "…", "args": ["…"]}`, id);
  }
  if (task === undefined) return { id, command, args, fields };
  if (typeof task !== "string") throw new InvalidLine('"task" must be a text', id);
  return { id, command, args, task, fields };
}
