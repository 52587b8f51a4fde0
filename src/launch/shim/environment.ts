import { readEnvironment } from "../../namespace/caller.ts";
import { shellQuote } from "../../task/record.ts";

/** Harmless values for variables that would change how a shell executes its script, or keep it from starting. */
const DISTURBING: Readonly<Record<string, string>> = {
  OPTIND: "1",
  SHELLOPTS: "",
  BASHOPTS: "",
  GLOBIGNORE: "",
  BASH_VERSION: "",
};

/** Variables that dash, bash or busybox do not pass on unchanged, although their names are valid in a shell. */
const SHELLS_OWN = [
  ...Object.keys(DISTURBING),
  ..."IFS PS1 PS2 PS4 OPTERR PPID LINENO RANDOM SRANDOM EPOCHSECONDS EPOCHREALTIME".split(" "),
  ..."POSIXLY_CORRECT HISTCMD COMP_WORDBREAKS BASH BASHPID BASH_ARGV0 BASH_COMMAND".split(" "),
  ..."BASH_SUBSHELL BASH_VERSINFO".split(" "),
];

/** How many bytes are made into text at a time. */
const CHUNK = 4096;

/** The values of SHLVL that pass through a shell; bash replaces others, such as 1000. */
const LEVEL = /^(0|[1-9]\d{0,2})$/;

/** How the command gets its caller's environment, although shells in between change it. */
export interface CallerEnvironment {
  /** Names of variables that shells add and the caller does not have. */
  unset: string[];
  /** SHLVL, which bash counts; empty if the caller has none, or one that must be restored. */
  shellLevel: string;
  /** Harmless values for the caller's variables that would disturb the shells. */
  harmless: Record<string, string>;
  /** Variables from which the shim's child restores those that shells drop; undefined if none are dropped. */
  restore: Record<string, string> | undefined;
  /** Those of the added variables that pass through a shell. */
  given: Record<string, string>;
}

/**
 * Finds out which variables of the caller a POSIX shell would change or drop: dash passes on only
 * names of letters, digits and `_`, and names that begin with `lanco_` belong to the scripts.
 *
 * @param entries The caller's environment, as entries `name=value`.
 * @param added Variables to add to the environment.
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
 * Returns variables that a shell passes on and from which env(1) -S restores others: `lanco_odd_0`
 * and so on have the values, and `lanco_restore` a script that sets `lanco_env` to the argument
 * of -S. The values are in no argument, which every user could read, and in no file, which
 * another process of the same user could change before it is evaluated.
 */
function restoration(
  variables: readonly (readonly [string, string])[],
): Record<string, string> {
  const carriers: Record<string, string> = {};
  const text: string[] = [];
  for (const [i, [, value]] of variables.entries()) {
    const carrier = `lanco_odd_${i}`;
    const plain = carriers[carrier] = decode(value) ?? printfFormat(value);
    if (latin(plain) !== value) text.push(assignment(carrier, `"$${carrier}"`, value));
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
      ? assignment("lanco_env", shellQuote(printfFormat(words)), words)
      : `lanco_env=${shellQuote(plain)}`,
    `lanco_lost=${shellQuote(lost)}`,
    `lanco_odd='${odd.join(" ")}'`,
  );
  return { ...carriers, lanco_restore: text.join("\n") };
}

/**
 * Returns shell text that sets a variable to a value by a format of printf(1). It puts back the
 * line feeds at the end, which command substitution removes. To protect these by a further
 * character and remove that with "%" spoils bytes that are not UTF-8 in bash.
 */
function assignment(name: string, format: string, value: string): string {
  const end = /\n*$/.exec(value)?.[0] ?? "";
  return `${name}=$(printf ${format})${end === "" ? "" : shellQuote(end)}`;
}

/** Returns a format of printf(1) for bytes that are not UTF-8, which the runtime cannot put into an environment. */
function printfFormat(text: string): string {
  return text.replaceAll(
    /^-|[%\\\x80-\xff]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}

/** Returns a text as a string with one character for each byte of its UTF-8. */
function latin(text: string): string {
  return bytes(new TextEncoder().encode(text));
}

/** Returns a string with one character for each byte: the caller's variables need not be UTF-8. */
function bytes(text: Uint8Array): string {
  let found = "";
  // A function can be given only so many arguments, and a call for each byte takes long.
  for (let begin = 0; begin < text.length; begin += CHUNK) {
    found += String.fromCharCode(...text.subarray(begin, begin + CHUNK));
  }
  return found;
}

/** Returns the text of such a string; undefined if its bytes are not UTF-8. */
function decode(text: string): string | undefined {
  try {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return strict.decode(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

let bare: CallerEnvironment | undefined;

/** Returns what `callerEnvironment` finds out of the environment of this process. */
export function readCallerEnvironment(
  added: ReadonlyMap<string, string> = new Map(),
): CallerEnvironment {
  if (added.size > 0) return callerEnvironment(readEnvironment(), added);
  return bare ??= callerEnvironment(readEnvironment());
}
