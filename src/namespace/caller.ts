import type { WriteMode } from "../cli/pending_output.ts";
import { programOutput } from "../cli/program_output.ts";
import { PROC } from "./paths.ts";

/**
 * The environment variable by which lanĉo knows that root started it: the pid of root's command.
 * See root/owner.sh.
 */
export const FOR_ROOT = "LANCO_FOR_ROOT";

/**
 * Returns the environment that the caller gave, one `name=value` an entry, as bytes, for it
 * may not be UTF-8 (proc_pid_environ(5)).
 */
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

/** Returns the variables that the caller gave, by their names, as text. */
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

/** Returns the effective user id of this process (proc_pid_status(5)). */
export function effectiveUser(proc = PROC): number {
  let status: string;
  try {
    status = Deno.readTextFileSync(`${proc}/self/status`);
  } catch {
    // Without any namespace there is no /run/lanco/proc.
    return Number(programOutput("/usr/bin/id", "-u"));
  }
  return Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1]);
}

/** Returns how the runtime writes to the standard output that the caller gave. */
export function standardOutputMode(proc = PROC): WriteMode {
  if (Deno.stdout.isTerminal()) return "lines";
  try {
    return Deno.readLinkSync(`${proc}/self/fd/1`).startsWith("socket:") ? "lines" : "pipe";
  } catch {
    // Without any namespace there is no /run/lanco/proc.
    return "lines";
  }
}

/** Returns whether root started this process to act as the owner of a namespace. */
export function actsForRoot(): boolean {
  return forRoot ??= readVariables().has(FOR_ROOT);
}

let forRoot: boolean | undefined;

/**
 * Returns whether root started this process, and root's command has ended since. The kernel ends
 * this process with root's command, unless that ends before it is asked to: see root/owner.sh.
 */
export function outlivesRootsCommand(): boolean {
  let parent: string | undefined;
  try {
    parent = readVariables().get(FOR_ROOT);
  } catch (error) {
    // Without any namespace there is no /run/lanco/proc, and nothing is done for root.
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  return parent !== undefined && Number(parent) !== Deno.ppid;
}

let umask: number | undefined;

/**
 * Returns the umask that the caller gave. The first call sets the umask of this process to
 * 022: with the caller's, lanĉo might be unable to open the files that it creates.
 */
export function callerUmask(): number {
  return umask ??= Deno.umask(0o022);
}
