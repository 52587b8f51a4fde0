import { reason } from "../cli/errors.ts";
import { runProgram } from "../cli/program_output.ts";
import { isBelowLogs, visible } from "../namespace/paths.ts";
import { fill, openRegular } from "../task/record_file.ts";

/** The end of a log. */
export interface Tail {
  /** The last lines, unchanged: they may contain control characters. */
  lines: string[];
  /** The reason why the log cannot be read. */
  problem?: string;
}

/** The size of the end that is read, in bytes: enough for a screen of long lines. */
const BYTES = 16_384;

/** The most lines that are returned. */
const LINES = 100;

/** Reads the end of a log, again only if the file has changed. */
export class LogTail {
  #version = "";
  #tail: Tail = { lines: [] };

  /** @param writer The uid that must own the log, as for `openLog`. */
  constructor(private readonly writer?: number) {}

  /**
   * Returns the last lines of a log: the same object as before if the file has not changed.
   * Does not throw: a log that cannot be read has a `problem`.
   *
   * @param path The path in the task's record; there may be a file of any kind, or none.
   */
  async read(path: string): Promise<Tail> {
    try {
      const file = visible(path);
      const { isFile, size, mtime, ino, uid } = await Deno.stat(file);
      if (this.writer !== undefined && uid !== this.writer) {
        throw new Deno.errors.PermissionDenied();
      }
      // To open a FIFO would block until a writer comes.
      if (!isFile) throw new Error("it is not a regular file");
      const version = `${path} ${ino} ${size} ${mtime?.getTime()}`;
      if (this.#version === version) return this.#tail;
      return this.#keep(version, await lastLines(path, size));
    } catch (error) {
      const problem = explain(error);
      return this.#keep(`${path} ${problem}`, { lines: [], problem });
    }
  }

  #keep(version: string, tail: Tail): Tail {
    if (this.#version !== version) [this.#version, this.#tail] = [version, tail];
    return this.#tail;
  }
}

function explain(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return reason(error);
}

async function lastLines(path: string, size: number): Promise<Tail> {
  // Files of /proc have size 0, and to read some of them consumes their content.
  if (size === 0) return { lines: [] };
  const lines = (isBelowLogs(path) ? readEnd(path) : await readEndByTail(path)).split("\n");
  if (lines.at(-1) === "") lines.pop();
  // The first line may lack its beginning.
  if (size > BYTES && lines.length > 1) lines.shift();
  return { lines: lines.slice(-LINES).map(afterReturns) };
}

function readEnd(path: string): string {
  using file = openRegular(path);
  file.seekSync(Math.max(0, file.statSync().size - BYTES), Deno.SeekMode.Start);
  const bytes = new Uint8Array(BYTES);
  return new TextDecoder().decode(bytes.subarray(0, fill(file, bytes)));
}

/** Reads the end of a log by tail(1), which has all of the user's permissions. */
async function readEndByTail(path: string): Promise<string> {
  const args = ["-c", String(BYTES), "--", path];
  const { success, stdout } = await runProgram("/usr/bin/tail", args);
  if (!success) throw new Deno.errors.PermissionDenied();
  return stdout;
}

/** Returns what a terminal shows of a line with carriage returns, such as a progress bar. */
function afterReturns(line: string): string {
  const parts = line.split("\r").filter((part) => part !== "");
  return parts.at(-1) ?? "";
}
