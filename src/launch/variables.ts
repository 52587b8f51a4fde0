import { Failed, NotPermitted, Usage } from "../cli/errors.ts";

/** The longest file of variables that is read, in bytes. */
const LONGEST = 2 ** 20;

/**
 * The variables that the options --env-file and --env give; what stands later counts, and
 * what is given by itself more than what is in a file.
 *
 * @throws {Usage} if one is not NAME=VALUE.
 * @throws {Failed} if a file cannot be read.
 */
export function givenVariables(
  files: readonly string[],
  variables: readonly string[],
): Map<string, string> {
  const given = new Map<string, string>();
  for (const file of files) {
    for (const [i, line] of readFile(file).split("\n").entries()) {
      if (/^\s*(#|$)/.test(line)) continue;
      given.set(...parseVariable(line, `line ${i + 1} of ${file}`));
    }
  }
  for (const variable of variables) given.set(...parseVariable(variable, "--env"));
  return given;
}

/** @throws {Usage} if it is no variable. */
function parseVariable(text: string, where: string): [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals < 1 || text.includes("\0")) {
    throw new Usage(`${where} must be NAME=VALUE, not "${text.slice(0, 50)}"`);
  }
  return [text.slice(0, equals), text.slice(equals + 1)];
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
