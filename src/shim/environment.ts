import { PROC } from "../paths.ts";

/** Variables that are a shell's own: it does not hand on what it was given. */
const SHELLS_OWN = ["IFS", "PS1", "PS2", "PS4", "OPTIND", "PPID", "LINENO"];

/** How to give the command the environment that the caller gave lanĉo, which shells change. */
export interface CallerEnvironment {
  /** Variables that a shell adds and the caller did not have. */
  unset: string[];
  /** SHLVL, which bash counts up; empty if the caller has none. */
  shellLevel: string;
  /** A use of env(1) for variables that a shell drops, as `a.b`, IFS or a function of bash. */
  prefix: string[];
}

/**
 * Compares the caller's environment with what a POSIX shell makes of it: only
 * names of letters, digits and `_` pass through dash.
 *
 * @param block `/proc/<pid>/environ` (proc_pid_environ(5)).
 */
export function callerEnvironment(block: Uint8Array): CallerEnvironment {
  const variables = new Map<string, string>();
  for (const entry of new TextDecoder().decode(block).split("\0")) {
    const equals = entry.indexOf("=");
    if (equals > 0) variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  const dropped = [...variables].filter(([name]) =>
    !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || SHELLS_OWN.includes(name)
  );
  return {
    unset: ["PWD", "OLDPWD", "SHLVL"].filter((name) => !variables.has(name)),
    shellLevel: variables.get("SHLVL") ?? "",
    prefix: dropped.length ? ["/usr/bin/env", ...dropped.map((pair) => pair.join("="))] : [],
  };
}

/** What this process was given by its caller. */
export function readCallerEnvironment(): CallerEnvironment {
  return callerEnvironment(Deno.readFileSync(`${PROC}/self/environ`));
}
