import type { Way } from "../cli/unwritten.ts";
import { PROC } from "./paths.ts";

/** The variable that tells lanĉo that it does what root has asked for: see root/owner.sh. */
export const FOR_ROOT = "LANCO_FOR_ROOT";

/** The environment that the caller gave, `name=value` each, as bytes (proc_pid_environ(5)). */
export function readEnvironment(proc = PROC): Uint8Array[] {
  const block = Deno.readFileSync(`${proc}/self/environ`);
  const entries: Uint8Array[] = [];
  for (let begin = 0; begin < block.length;) {
    const end = block.indexOf(0, begin);
    entries.push(block.subarray(begin, end < 0 ? block.length : end));
    begin = end < 0 ? block.length : end + 1;
  }
  return entries;
}

/** The same by names, as text. */
export function readVariables(proc = PROC): Map<string, string> {
  const text = new TextDecoder();
  return new Map(
    readEnvironment(proc).map((entry) => {
      const word = text.decode(entry);
      const equals = word.indexOf("=");
      return [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

/** The effective user id of this process (proc_pid_status(5)). */
export function effectiveUser(proc = PROC): number {
  let status: string;
  try {
    status = Deno.readTextFileSync(`${proc}/self/status`);
  } catch {
    // There is no namespace.
    const options = { args: ["-u"], cwd: "/", clearEnv: true };
    return Number(
      new TextDecoder().decode(new Deno.Command("/usr/bin/id", options).outputSync().stdout),
    );
  }
  return Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1]);
}

/** How the runtime writes to the standard output that the caller gave. */
export function wayOfOutput(proc = PROC): Way {
  if (Deno.stdout.isTerminal()) return "lines";
  try {
    return Deno.readLinkSync(`${proc}/self/fd/1`).startsWith("socket:") ? "lines" : "pipe";
  } catch {
    // There is no namespace.
    return "lines";
  }
}

/** Whether this process does as a namespace's owner what root has asked for. */
export function actsForRoot(): boolean {
  return forRoot ??= readVariables().has(FOR_ROOT);
}

let forRoot: boolean | undefined;

let umask: number | undefined;

/**
 * The umask that the caller gave. From the first call on this process has another, for
 * the caller's may hide what is made here from its very maker.
 */
export function callerUmask(): number {
  return umask ??= Deno.umask(0o022);
}
