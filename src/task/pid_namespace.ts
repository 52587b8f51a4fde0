import { unlessGone } from "../cgroup/cgroup.ts";
import { PROC } from "../namespace/paths.ts";

/** The first PID namespace, from which all processes can be seen (PROC_PID_INIT_INO). */
const FIRST = "pid:[4026531836]";

let own: string | undefined;

/** The PID namespace of this process (pid_namespaces(7)); nothing if that cannot be found out. */
function ownNamespace(): string | undefined {
  try {
    return own ??= Deno.readLinkSync(`${PROC}/self/ns/pid`);
  } catch {
    return undefined;
  }
}

/** Whether this process sees all processes of the host. */
export function seesAll(): boolean {
  return ownNamespace() === FIRST;
}

/** The numbers that processes of this PID namespace have in the host's, by their own. */
let numbers = new Map<number, number>();

/**
 * The directory of a process in /run/lanco/proc. That is the host's: from another PID
 * namespace the process has another number there (proc_pid_status(5), NSpid).
 *
 * @param pid Its number here.
 */
export function procOf(pid: number): string {
  if (ownNamespace() === undefined || seesAll()) return `${PROC}/${pid}`;
  const known = numbers.get(pid);
  if (known === undefined || innermost(known) !== pid) numbers = readNumbers();
  return `${PROC}/${numbers.get(pid) ?? "none"}`;
}

function readNumbers(): Map<number, number> {
  const found = new Map<number, number>();
  for (const { name } of Deno.readDirSync(PROC)) {
    const inner = /^\d+$/.test(name) ? innermost(Number(name)) : undefined;
    if (inner !== undefined) found.set(inner, Number(name));
  }
  return found;
}

/** The number that a process has in this PID namespace, if it is of this one. */
function innermost(outer: number): number | undefined {
  const directory = `${PROC}/${outer}`;
  try {
    if (Deno.readLinkSync(`${directory}/ns/pid`) !== own) return undefined;
  } catch {
    // It has ended, or is not this user's.
    return undefined;
  }
  const status = unlessGone(() => Deno.readTextFileSync(`${directory}/status`), "");
  const inner = /^NSpid:.*\s(\d+)$/m.exec(status)?.[1];
  return inner === undefined ? undefined : Number(inner);
}
