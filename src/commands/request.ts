import { reason, Usage } from "../cli/errors.ts";

/** What a line of a batch asks for. */
export interface Request {
  /** What the answer is to be known by. */
  id: unknown;
  /** The name of the command. */
  command: string;
  /** Its options and operands. */
  args: string[];
  /** The task, if it stands apart from these. */
  task?: string;
}

/** A line that asks for nothing, but may say by what the answer is to be known. */
export class BadRequest extends Usage {
  constructor(message: string, readonly id: unknown = null) {
    super(message);
  }
}

/** What can be given beside the arguments of "run", as options of it. */
const EXTRAS = ["chdir", "stdin"];

/**
 * Reads a line.
 *
 * @throws {BadRequest} if it asks for nothing.
 */
export function parseRequest(line: string): Request {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch (error) {
    throw new BadRequest(`not JSON: ${reason(error)}`);
  }
  if (typeof request !== "object" || request === null) throw new BadRequest("not a JSON object");
  const { id = null, command, args = [], task, ...more } = request as Record<string, unknown>;
  const words = Array.isArray(args) && args.every((arg) => typeof arg === "string");
  if (typeof command !== "string" || !words) {
    throw new BadRequest('not of the form {"command": "…", "args": ["…"]}', id);
  }
  try {
    if (task !== undefined && typeof task !== "string") throw new Usage('"task" must be a text');
    const all = [...extras(command, more), ...args];
    return { id, command, args: all, ...(task === undefined ? {} : { task }) };
  } catch (error) {
    throw new BadRequest(reason(error), id);
  }
}

/** The options of "run" that stand in fields of their own. */
function extras(command: string, fields: Record<string, unknown>): string[] {
  const { env = {}, ...rest } = fields;
  const names = Object.keys(fields);
  if (names.length > 0 && command !== "run" && command !== "start") {
    throw new Usage(`"${names[0]}" is no field of a request for ${command}`);
  }
  if (typeof env !== "object" || env === null || Array.isArray(env)) {
    throw new Usage('"env" must be an object of texts');
  }
  const options = Object.entries(env).flatMap(([name, value]) => {
    if (typeof value !== "string") throw new Usage('"env" must be an object of texts');
    return ["--env", `${name}=${value}`];
  });
  for (const [name, value] of Object.entries(rest)) {
    if (!EXTRAS.includes(name)) throw new Usage(`"${name}" is no field of a request`);
    if (typeof value !== "string" || value === "") throw new Usage(`"${name}" must be a text`);
    options.push(`--${name}`, value);
  }
  return options;
}
