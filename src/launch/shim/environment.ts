import { readEnvironment } from "../../namespace/caller.ts";
import { shellQuote } from "../../task/record.ts";

/** What a shell is given in the place of variables that would change what its scripts do, or keep it from starting. */
const DISTURBING: Readonly<Record<string, string>> = {
  OPTIND: "1",
  SHELLOPTS: "",
  BASHOPTS: "",
  GLOBIGNORE: "",
  BASH_VERSION: "",
};

/** Variables that a shell does not hand on as it was given them, beside those whose names it cannot say. */
const SHELLS_OWN = [
  ...Object.keys(DISTURBING),
  ..."IFS PS1 PS2 PS4 OPTERR PPID LINENO RANDOM SRANDOM EPOCHSECONDS EPOCHREALTIME".split(" "),
  ..."POSIXLY_CORRECT HISTCMD COMP_WORDBREAKS BASH BASHPID BASH_ARGV0 BASH_COMMAND".split(" "),
  ..."BASH_SUBSHELL BASH_VERSINFO".split(" "),
];

/** The shell levels that a shell can be given back; bash makes others of what is no number, or too high. */
const LEVEL = /^(0|[1-9]\d{0,2})$/;

/** How to give the command the environment that the caller gave lanĉo, which shells change. */
export interface CallerEnvironment {
  /** Variables that a shell adds and the caller did not have. */
  unset: string[];
  /** SHLVL, which bash counts; empty if the caller has none, or one that must be restored. */
  shellLevel: string;
  /** What the shells are given instead of what would change what they do. */
  harmless: Record<string, string>;
  /** Variables by which the shim's child restores what the shells drop; nothing if they drop nothing. */
  restore: Record<string, string> | undefined;
  /** What a shell can be given of the variables that were added. */
  given: Record<string, string>;
}

/**
 * Compares the caller's environment with what a POSIX shell makes of it: only names of
 * letters, digits and `_` pass through dash, and those that its own scripts use are theirs.
 *
 * @param entries `name=value`, each.
 * @param added Variables to add to them.
 */
export function callerEnvironment(
  entries: readonly Uint8Array[],
  added: ReadonlyMap<string, string> = new Map(),
): CallerEnvironment {
  const variables = new Map<string, string>();
  for (const entry of entries) {
    const equals = entry.indexOf("=".charCodeAt(0));
    if (equals > 0) {
      variables.set(bytes(entry.subarray(0, equals)), bytes(entry.subarray(equals + 1)));
    }
  }
  for (const [name, value] of added) variables.set(latin(name), latin(value));
  const level = variables.get("SHLVL") ?? "";
  const dropped = [...variables].filter(([name]) =>
    !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || SHELLS_OWN.includes(name) ||
    name.startsWith("lanco_") || (name === "SHLVL" && !LEVEL.test(level))
  );
  const odd = new Set(dropped.map(([name]) => name));
  return {
    given: Object.fromEntries([...added].filter(([name]) => !odd.has(latin(name)))),
    unset: ["PWD", "OLDPWD", "SHLVL"].filter((name) => !variables.has(name)),
    shellLevel: LEVEL.test(level) ? level : "",
    harmless: Object.fromEntries(
      Object.entries(DISTURBING).filter(([name]) => variables.has(name)),
    ),
    restore: dropped.length === 0 ? undefined : restoration(dropped),
  };
}

/**
 * The values, as variables that a shell can say, for arguments are for everybody to see; and
 * in lanco_restore a text that makes of lanco_env what env(1) -S takes to get them back. Not
 * by a file: what a child of this user evaluates, no other process of his may change.
 */
function restoration(
  variables: readonly (readonly [string, string])[],
): Record<string, string> {
  const carriers: Record<string, string> = {};
  const text: string[] = [];
  for (const [i, [, value]] of variables.entries()) {
    const carrier = `lanco_odd_${i}`;
    const plain = carriers[carrier] = decode(value) ?? printfFormat(value);
    if (latin(plain) !== value) text.push(assignment(carrier, `"$${carrier}"`));
  }
  const odd = Object.keys(carriers);
  const names = variables.map(([name], i) =>
    `'${name.replaceAll(/[\\']/g, "\\$&")}='\${lanco_odd_${i}}`
  );
  const words = [...odd.map((carrier) => `-u ${carrier}`), "--", ...names].join(" ");
  const lost = variables.map(([name]) => name).join(" ").replaceAll(/[^\x21-\x7e ]/g, "?");
  const plain = decode(words);
  text.push(
    plain === undefined
      ? assignment("lanco_env", shellQuote(printfFormat(words)))
      : `lanco_env=${shellQuote(plain)}`,
    `lanco_lost=${shellQuote(lost)}`,
    `lanco_odd='${odd.join(" ")}'`,
  );
  return { ...carriers, lanco_restore: text.join("\n") };
}

/** Shell that sets a variable to what printf(1) makes of a format; the dot keeps the ends of lines. */
function assignment(name: string, format: string): string {
  return `${name}=$(printf ${format}.); ${name}=\${${name}%.}`;
}

/** Bytes that are not UTF-8, which the runtime gives no process, as a format of printf(1). */
function printfFormat(text: string): string {
  return text.replaceAll(
    /^-|[%\\\x80-\xff]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}

/** Text as the kernel has it, a character a byte. */
function latin(text: string): string {
  return bytes(new TextEncoder().encode(text));
}

/** Each byte as a character of that number: what the caller gave need not be UTF-8. */
function bytes(text: Uint8Array): string {
  return Array.from(text, (byte) => String.fromCharCode(byte)).join("");
}

/** The text that these bytes are, if they are UTF-8. */
function decode(text: string): string | undefined {
  try {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return strict.decode(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

let bare: CallerEnvironment | undefined;

/** What this process was given by its caller, which does not change, and what was added. */
export function readCallerEnvironment(
  added: ReadonlyMap<string, string> = new Map(),
): CallerEnvironment {
  if (added.size > 0) return callerEnvironment(readEnvironment(), added);
  return bare ??= callerEnvironment(readEnvironment());
}
