import { reason } from "../cli/errors.ts";
import { isBelowLogs, visible } from "../namespace/paths.ts";
import { openRegular } from "../task/record_file.ts";

/** The end of a log. */
export interface Tail {
  /** Its last lines, as they are: not fit for a terminal. */
  lines: string[];
  /** Why there are none, if something is in the way. */
  problem?: string;
}

/** How much of the end is read, in bytes: a screen of long lines. */
const BYTES = 16_384;

/** The most lines that are kept. */
const LINES = 100;

/**
 * Reads the end of a log and, as long as it does not change, only looks whether it has.
 */
export class LogTail {
  #seen = "";
  #tail: Tail = { lines: [] };

  /** @param writer Whose a log must be, if records that another user has written say where it is. */
  constructor(private readonly writer?: number) {}

  /**
   * The last lines of a file. The same object as before if it has not changed.
   *
   * @param path As its task names it; it may be any file, or none.
   */
  async read(path: string): Promise<Tail> {
    try {
      const file = visible(path);
      const { isFile, size, mtime, ino, uid } = await Deno.stat(file);
      if (this.writer !== undefined && uid !== this.writer) {
        throw new Deno.errors.PermissionDenied();
      }
      // To open a pipe would wait for a writer.
      if (!isFile) return this.#is(`${path} other`, { lines: [], problem: "it is not a file" });
      const seen = `${path} ${ino} ${size} ${mtime?.getTime()}`;
      return this.#seen === seen ? this.#tail : this.#is(seen, await lastLines(path, size));
    } catch (error) {
      const problem = explain(error);
      return this.#is(`${path} ${problem}`, { lines: [], problem });
    }
  }

  #is(seen: string, tail: Tail): Tail {
    if (this.#seen !== seen) [this.#seen, this.#tail] = [seen, tail];
    return this.#tail;
  }
}

function explain(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it is not there, or no longer";
  if (error instanceof Deno.errors.PermissionDenied) return "not permitted to read it";
  return reason(error);
}

async function lastLines(path: string, size: number): Promise<Tail> {
  // What /proc makes up has no size, and some of it is gone once it has been read.
  if (size === 0) return { lines: [] };
  const bytes = isBelowLogs(path) ? readEnd(path) : await askForEnd(path);
  const lines = new TextDecoder().decode(bytes).split("\n");
  if (lines.at(-1) === "") lines.pop();
  // The first one has lost its beginning.
  if (size > BYTES && lines.length > 1) lines.shift();
  return { lines: lines.slice(-LINES).map(overwritten) };
}

function readEnd(path: string): Uint8Array {
  using file = openRegular(path);
  file.seekSync(Math.max(0, file.statSync().size - BYTES), Deno.SeekMode.Start);
  const bytes = new Uint8Array(BYTES);
  let filled = 0;
  for (let more: number | null = 1; more && filled < BYTES; filled += more ?? 0) {
    more = file.readSync(bytes.subarray(filled));
  }
  return bytes.subarray(0, filled);
}

/** Where this program itself may not read, tail(1) has the user's right to. */
async function askForEnd(path: string): Promise<Uint8Array> {
  const { success, stdout } = await new Deno.Command("/usr/bin/tail", {
    args: ["-c", String(BYTES), "--", path],
    cwd: "/",
    clearEnv: true,
    stdin: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Deno.errors.PermissionDenied();
  return stdout;
}

/** What a terminal would show of a line that is drawn over and over, such as a progress bar. */
function overwritten(line: string): string {
  const parts = line.split("\r").filter((part) => part !== "");
  return parts.at(-1) ?? "";
}
