import { Failed, NotPermitted } from "../cli/errors.ts";
import { parseVariable, type Variable } from "../cli/options.ts";

/** The longest file of variables that is read, in bytes. */
const LONGEST = 2 ** 20;

/**
 * The variables in a file: NAME=VALUE a line, # begins a comment.
 *
 * @throws {Usage} if a line is neither.
 * @throws {Failed} if it cannot be read.
 */
export function readVariables(file: string): Variable[] {
  return readFile(file).split("\n").flatMap((line, i) =>
    /^\s*(#|$)/.test(line) ? [] : [parseVariable(line, `line ${i + 1} of ${file}`)]
  );
}

/** By a program, for this one may read in few places only. */
function readFile(file: string): string {
  const { success, stdout, stderr } = new Deno.Command("/usr/bin/head", {
    args: ["-c", String(LONGEST + 1), "--", file],
    // The caller may not be allowed into his own directory.
    ...(file.startsWith("/") ? { cwd: "/" } : {}),
    stdin: "null",
    env: { LC_ALL: "C" },
  }).outputSync();
  const text = new TextDecoder();
  if (!success) {
    const why = text.decode(stderr).trim().replace(/^.*: /, "");
    const message = `cannot read the variables in "${file}": ${why}`;
    throw why === "Permission denied" ? new NotPermitted(message) : new Failed(message);
  }
  if (stdout.length > LONGEST) throw new Failed(`"${file}" has more than ${LONGEST} bytes`);
  return text.decode(stdout);
}
