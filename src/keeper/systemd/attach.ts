import { isGone } from "../../cgroup/cgroup.ts";
import { Failed, reason } from "../../cli/errors.ts";
import { runProgram } from "../../cli/program_output.ts";
import { delay } from "../../cli/sleep.ts";
import type { Namespace } from "../../namespace/description.ts";
import { limitBehind } from "../../namespace/caller_limits.ts";
import { lastInit } from "../../namespace/namespace.ts";
import { GroupedCalls } from "../grouped_calls.ts";
import { PROC } from "../../namespace/paths.ts";
import { procOf } from "../../task/pid_namespace.ts";
import { cgroupsOf, readVisible } from "../../task/process.ts";
import { closed, isClosed } from "../reopening.ts";

/** How long to try to have processes attached, in milliseconds; and where there is no bus at all. */
const TIMEOUT = 15_000, MISSING_TIMEOUT = 3000;

/** How long one call may take, in milliseconds: a reload of systemd is waited for. */
const CALL_TIMEOUT = 5000;

/** The pause before a call is made again, in milliseconds. */
const PAUSE = 100;

/** What is asked of systemd: see org.freedesktop.systemd1(5). */
const ATTACH = [
  "org.freedesktop.systemd1",
  "/org/freedesktop/systemd1",
  "org.freedesktop.systemd1.Manager",
  "AttachProcessesToUnit",
  "ssau",
];

/**
 * Has systemd move processes of the caller's into the cgroup `shims` of the namespace's unit.
 *
 * @throws {Failed} if systemd cannot be asked, refuses, or does not do it.
 */
export async function attach(namespace: Namespace, pids: readonly number[]): Promise<void> {
  if (pids.length === 0) return;
  await calls.request(namespace, ...pids);
  for (const pid of pids) assertAttached(namespace, pid);
}

const calls = new GroupedCalls<number>(submit);

/** Asks until systemd has answered: dbus and systemd may just be started again. */
async function submit(namespace: Namespace, pids: readonly number[]): Promise<void> {
  const begin = performance.now();
  for (;;) {
    // Those that have ended are left out, for with one of them systemd moves none.
    const numbers = pids.flatMap(hostNumber);
    if (numbers.length === 0) return;
    const why = await call(namespace.namespace, numbers);
    if (why === "") return;
    const patience = /no such file or directory/i.test(why) ? MISSING_TIMEOUT : TIMEOUT;
    const hasTime = performance.now() - begin <= patience;
    if (isClosed(namespace)) {
      if (!hasTime || lastInit(namespace.namespace) === null) throw closed(namespace);
    } else if (!hasTime || !isPassing(why)) throw refusal(namespace.namespace, why);
    await delay(PAUSE);
  }
}

/** Returns the number of a process on the host, for which systemd asks; none if it has ended. */
function hostNumber(pid: number): string[] {
  const number = procOf(pid).split("/").at(-1) ?? "";
  return readVisible(`${PROC}/${number}/stat`) === "" ? [] : [number];
}

/** Makes one call by busctl(1), which is killed if it takes too long. Returns why it has failed, or "". */
async function call(namespace: string, numbers: readonly string[]): Promise<string> {
  const words = [`lanco-${namespace}.service`, "/shims", String(numbers.length), ...numbers];
  try {
    const args = ["--quiet", "call", ...ATTACH, ...words];
    const options = { errors: true, signal: AbortSignal.timeout(CALL_TIMEOUT) };
    const { success, code, stderr } = await runProgram("/usr/bin/busctl", args, options);
    if (success) return "";
    // What busctl advises behind it is of no use here.
    const [line = ""] = stderr.trim().split(/\n| \(consider /);
    if (code > 128 && line === "") return "it has not answered in time";
    return line === "" ? `busctl ended with status ${code}` : line;
  } catch (error) {
    if (limitBehind(error) !== undefined) throw error;
    return isGone(error) ? "there is no /usr/bin/busctl here" : reason(error);
  }
}

/** What systemd and dbus say for a moment: while one of them starts, or has too much to do. */
const PASSING = [
  // One of them has ended since they were looked for.
  "no such process",
  // A release that has closed the unit was refused meanwhile.
  "non-delegated unit",
  "does not exist",
  "message recipient disconnected",
  "no buffer space available",
  "connection refused",
  "connection reset",
  "connection timed out",
  "connection terminated",
  "broken pipe",
  "not connected",
  "remote peer disconnected",
  "no such file or directory",
  "not answered in time",
  "maximum number of active connections",
  "limitsexceeded",
];

/** Returns whether it may be otherwise in a moment. */
export function isPassing(why: string): boolean {
  const lower = why.toLowerCase();
  return PASSING.some((words) => lower.includes(words));
}

/** Returns the error that says what to do, from what busctl(1) has said. */
export function refusal(namespace: string, why: string): Failed {
  const cannot = "systemd cannot be asked to move the task out of its caller's cgroup";
  const other = `have the namespace made with "init --keeper named"`;
  if (/address family not supported/i.test(why)) {
    return new Failed(
      `${cannot}: the caller's unit may not use AF_UNIX: add it to its RestrictAddressFamilies=, or ${other}`,
    );
  }
  if (/unit .*(not loaded|not found|inactive)|not active|no such unit/i.test(why)) {
    return new Failed(
      `systemd has no unit lanco-${namespace}.service: run "sudo lanco ${namespace} init" again`,
    );
  }
  return new Failed(`${cannot}: ${why}: give the caller's unit the system bus, or ${other}`);
}

/** Checks that a process has been moved, if it still runs: of a zombie systemd only says so. */
function assertAttached(namespace: Namespace, pid: number): void {
  let path: string | undefined;
  try {
    path = cgroupsOf(pid).get("unified");
  } catch (error) {
    // What it has said before its end tells more.
    if (isGone(error)) return;
    throw error;
  }
  if (path === undefined || isInUnit(namespace, path)) return;
  throw new Failed(
    `systemd has left the task in its caller's cgroup ${path}: run "sudo lanco ${namespace.namespace} init" again`,
  );
}

/** Returns whether a path in the unified hierarchy is that of a cgroup below the namespace's unit. */
export function isInUnit({ namespace }: Namespace, path: string): boolean {
  return path.includes(`/lanco-${namespace}.service/`);
}
