import { reason, Usage } from "../../cli/errors.ts";
import type { LineFields } from "../../cli/request.ts";

/** The most bytes of a line. It is more than the kernel takes for a command line (execve(2)). */
export const LONGEST = 4 * 2 ** 20;

/** The most levels of objects and arrays in a line. To write an id with many would overflow the stack. */
const DEEPEST = 100;

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
  const { id = null, command, args = [], task, ...fields } = parseObject(text);
  const words = Array.isArray(args) && args.every((arg) => typeof arg === "string");
  if (typeof command !== "string" || !words) {
    const what = words ? '"command" is no text' : '"args" is no list of texts';
    throw new InvalidLine(`${what}: not of the form {"command": "…", "args": ["…"]}`, id);
  }
  if (task !== undefined && typeof task !== "string") {
    throw new InvalidLine('"task" must be a text', id);
  }
  if (SURROGATE.test(text)) checkTexts({ command, args, task, ...fields }, id);
  return { id, command, args, ...(task === undefined ? {} : { task }), fields };
}

/** Matches all texts of JSON with an escape of a surrogate, which may lack its other half. */
const SURROGATE = /\\u[dD]/;

/** Matches all texts of JSON with a number that a double may not hold exactly. */
const LONG_NUMBER = /[\d.]{16}|\d[eE]/;

function parseObject(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new InvalidLine(`not JSON: ${reason(error)}`);
  }
  if (typeof parsed !== "object" || parsed === null) throw new InvalidLine("not a JSON object");
  if (isDeeper(parsed, DEEPEST)) throw new InvalidLine(`nested more than ${DEEPEST} levels deep`);
  if (LONG_NUMBER.test(text)) return { ...parsed, id: exactId(text) };
  return parsed as Record<string, unknown>;
}

/** Returns whether objects and arrays are nested more than so many levels deep. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
}

/** The parts of JSON that the compiler does not know: https://tc39.es/proposal-json-parse-with-source */
interface ExactJson {
  parse(text: string, revive: (key: string, value: unknown, of: { source?: string }) => unknown): {
    id?: unknown;
  };
  /** Returns a value that JSON.stringify() writes as this text. */
  rawJSON(text: string): unknown;
}

/** Returns the id in a line, with numbers as they were written: a double rounds a 64-bit integer. */
function exactId(text: string): unknown {
  const json = JSON as unknown as ExactJson;
  return json.parse(
    text,
    (_key, value, { source }) =>
      typeof value === "number" && source !== undefined && JSON.stringify(value) !== source
        ? json.rawJSON(source)
        : value,
  ).id;
}

/**
 * Refuses lone surrogates, which UTF-8 cannot express: the command would be given other bytes than
 * were meant. Python writes them for the bytes of a file's name that is not UTF-8.
 */
function checkTexts(fields: object, id: unknown): void {
  for (const [key, value] of Object.entries(fields)) {
    if (isWellFormed(key) && isWellFormed(value)) continue;
    throw new InvalidLine(
      `"${key.toWellFormed()}" has a lone surrogate such as "\\udce9", which UTF-8 cannot express`,
      id,
    );
  }
}

/** Returns whether the texts in a value have no lone surrogates. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).flat().every(isWellFormed);
}
