import { unlessGone } from "../cgroup/cgroup.ts";
import { PROC } from "../namespace/paths.ts";

let own: string | undefined;

/** Returns the PID namespace of this process (pid_namespaces(7)); undefined if it cannot be read. */
function ownNamespace(): string | undefined {
  try {
    return own ??= Deno.readLinkSync(`${PROC}/self/ns/pid`);
  } catch {
    return undefined;
  }
}

let isOutermost: boolean | undefined;

/**
 * Returns whether this process sees all processes that /run/lanco/proc shows: whether it is in the PID
 * namespace of `init`, that of the host or of a container, and not in one below. NSpid has a process
 * id for each of these namespaces (proc_pid_status(5)).
 */
export function seesAll(): boolean {
  try {
    return isOutermost ??= /^NSpid:\s+\d+$/m.test(Deno.readTextFileSync(`${PROC}/self/status`));
  } catch {
    return false;
  }
}

/** The process ids in the PID namespace of `init`, by the process ids in this one. */
let numbers = new Map<number, number>();

/**
 * Returns the directory of a process in /run/lanco/proc, which is that of the PID namespace of
 * `init`: a process of another one has another id there (proc_pid_status(5), NSpid).
 *
 * @param pid The process id in the PID namespace of this process.
 */
export function procOf(pid: number): string {
  if (seesAll() || ownNamespace() === undefined) return `${PROC}/${pid}`;
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
