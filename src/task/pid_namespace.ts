import { unlessGone } from "../cgroup/cgroup.ts";
import { PROC } from "../namespace/paths.ts";

/** The initial PID namespace, from which all processes can be seen (PROC_PID_INIT_INO). */
const FIRST = "pid:[4026531836]";

let own: string | undefined;

/** Returns the PID namespace of this process (pid_namespaces(7)); undefined if it cannot be read. */
function ownNamespace(): string | undefined {
  try {
    return own ??= Deno.readLinkSync(`${PROC}/self/ns/pid`);
  } catch {
    return undefined;
  }
}

/** Returns whether this process sees all processes of the host. */
export function seesAll(): boolean {
  return ownNamespace() === FIRST;
}

/** The process ids in the host's PID namespace, by the process ids in this one. */
let numbers = new Map<number, number>();

/**
 * Returns the directory of a process in /run/lanco/proc, which is that of the host's PID
 * namespace: a process of another PID namespace has another id there (proc_pid_status(5), NSpid).
 *
 * @param pid The process id in the PID namespace of this process.
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

/** Returns the id of a process in this PID namespace; undefined if the process is in another one. */
function innermost(outer: number): number | undefined {
  const directory = `${PROC}/${outer}`;
  try {
    if (Deno.readLinkSync(`${directory}/ns/pid`) !== own) return undefined;
  } catch {
    // The process has ended, or belongs to another user.
    return undefined;
  }
  const status = unlessGone(() => Deno.readTextFileSync(`${directory}/status`), "");
  const inner = /^NSpid:.*\s(\d+)$/m.exec(status)?.[1];
  return inner === undefined ? undefined : Number(inner);
}
