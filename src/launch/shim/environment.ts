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
  /** What a shell is to read so that env(1) can restore the variables that it drops; nothing if there are none. */
  restore: Uint8Array | undefined;
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
    restore: dropped.length === 0 ? undefined : encode(restoration(dropped)),
  };
}

/**
 * Shell that makes of lanco_env what env(1) -S takes to get the variables back: their
 * values go by variables that a shell can say, for arguments are for everybody to see.
 */
function restoration(variables: readonly (readonly [string, string])[]): string {
  const lines = variables.map(([, value], i) => `export lanco_odd_${i}=${shellQuote(value)}\n`);
  const forget = variables.map((_, i) => `-u lanco_odd_${i}`);
  const names = variables.map(([name], i) =>
    `'${name.replaceAll(/[\\']/g, "\\$&")}='\${lanco_odd_${i}}`
  );
  const words = [...forget, "--", ...names].join(" ");
  const lost = variables.map(([name]) => name).join(" ").replaceAll(/[^\x21-\x7e ]/g, "?");
  return `${lines.join("")}lanco_env=${shellQuote(words)}\nlanco_lost=${shellQuote(lost)}\n`;
}

/** Text as the kernel has it, a character a byte. */
function latin(text: string): string {
  return bytes(new TextEncoder().encode(text));
}

/** Each byte as a character of that number: what the caller gave need not be UTF-8. */
function bytes(text: Uint8Array): string {
  return Array.from(text, (byte) => String.fromCharCode(byte)).join("");
}

function encode(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

let bare: CallerEnvironment | undefined;

/** What this process was given by its caller, which does not change, and what was added. */
export function readCallerEnvironment(
  added: ReadonlyMap<string, string> = new Map(),
): CallerEnvironment {
  if (added.size > 0) return callerEnvironment(readEnvironment(), added);
  return bare ??= callerEnvironment(readEnvironment());
}
