import { Failed, NotPermitted } from "../cli/errors.ts";
import { parseVariable, type Variable } from "../cli/options.ts";

/** The greatest size of a file of variables, in bytes. */
const LONGEST = 2 ** 20;

/**
 * Returns the variables in a file, which has a line NAME=VALUE for each, and comments that begin
 * with #.
 *
 * @throws {Usage} if a line is neither.
 * @throws {NotPermitted} if the caller may not read the file.
 * @throws {Failed} if the file cannot be read, is not UTF-8, or has more than a mebibyte.
 */
export function readVariables(file: string): Variable[] {
  return readFile(file).split("\n").flatMap((line, i) =>
    /^\s*(#|$)/.test(line) ? [] : [parseVariable(line, `line ${i + 1} of ${file}`)]
  );
}

/** Reads a file by head(1), for this executable is compiled with permission to read in few places only. */
function readFile(file: string): string {
  const { success, stdout, stderr } = new Deno.Command("/usr/bin/head", {
    args: ["-c", String(LONGEST + 1), "--", file],
    // The caller may not be permitted to enter the working directory of this process.
    ...(file.startsWith("/") ? { cwd: "/" } : {}),
    stdin: "null",
    env: { LC_ALL: "C" },
  }).outputSync();
  if (!success) {
    const why = new TextDecoder().decode(stderr).trim().replace(/^.*: /, "");
    const message = `cannot read the variables in "${file}": ${why}`;
    throw why === "Permission denied" ? new NotPermitted(message) : new Failed(message);
  }
  if (stdout.length > LONGEST) {
    throw new Failed(`"${file}" has more than ${LONGEST} bytes: shorten it`);
  }
  try {
    // A byte order mark at the beginning, as some editors write, is dropped: it is in no name.
    return new TextDecoder("utf-8", { fatal: true }).decode(stdout);
  } catch {
    throw new Failed(
      `"${file}" is not UTF-8: set such a variable for lanco itself, whose environment the task inherits`,
    );
  }
}
