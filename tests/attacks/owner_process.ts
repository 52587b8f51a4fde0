/** Shared by the tests of the process that acts as a namespace's owner for a command of root's. */
import { exists, LANCO, OWNER, type TestNamespace, until } from "../harness.ts";

/** Starts a task that ignores SIGTERM. Returns its pids, its shim's included. */
export async function stubborn(ns: TestNamespace, task = "a"): Promise<number[]> {
  await ns.must("run", task, "sh", "-c", "trap '' TERM; sleep 1000 & sleep 1000; sleep 1000");
  await until("all are there", () => ns.task(task).length === 3);
  return ns.pids(`named/task-${task}`);
}

/**
 * Under these words no process can be started as the owner. Limits do not apply to root, who without
 * this capability cannot lift them, as in some containers.
 */
export const FEW_PROCESSES = [
  ...["setpriv", "--bounding-set=-sys_resource"],
  ...["prlimit", "--nproc=1"],
];

/** The ways in which an owner hinders the process that acts for root: lines of shell. */
export const HINDRANCES: [string, (pid: number, ns: TestNamespace) => string][] = [
  ["kills", (pid) => `kill -KILL ${pid}`],
  ["holds", (pid) => `kill -STOP ${pid}`],
  ...(exists("/sys/fs/cgroup/freezer")
    ? [
      [
        "freezes",
        (pid: number, ns: TestNamespace) =>
          `cd ${ns.directory}/freezer && mkdir -p held && echo ${pid} >held/cgroup.procs &&
         echo FROZEN >held/freezer.state`,
      ] satisfies (typeof HINDRANCES)[number],
    ]
    : []),
];

/** Reads a file of /proc/PID; empty if there is none. */
export function readOf(pid: number, file: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return "";
  }
}

/** The children of a process, and theirs. */
function descendants(pid: number): number[] {
  return readOf(pid, `task/${pid}/children`).split(" ").filter((word) => word !== "")
    .map(Number).flatMap((child) => [child, ...descendants(child)]);
}

/** The process that acts as the owner for a command of root's, once it has the owner's ids and executes the program. */
export function actingFor(outer: number, program = LANCO): number | undefined {
  return descendants(outer).find((pid) => {
    try {
      return new RegExp(`^Uid:\\s+${OWNER}\\s`, "m").test(readOf(pid, "status")) &&
        Deno.readLinkSync(`/proc/${pid}/exe`) === program;
    } catch {
      return false;
    }
  });
}

/** A running command of root's, and the process that acts as the owner for it. */
export interface Acted {
  /** The pid of root's command. */
  outer: number;
  /** The pid of the process that acts as the owner. */
  acting: number;
  /** The exit status and the output of root's command, once it has ended. */
  ended: Promise<{ code: number; stdout: string; stderr: string }>;
}

/**
 * Runs a command as root, and calls the body when a process acts as the owner for it. After
 * that its standard input ends.
 *
 * @param isBrief Whether that process may end before it is seen; then the body is not called.
 * @param executes The program that this process executes.
 */
export async function whileActing(
  [program = "", ...args]: readonly string[],
  body: (acted: Acted) => Promise<void>,
  { isBrief = false, executes = LANCO } = {},
): Promise<void> {
  const child = new Deno.Command(program, {
    args,
    cwd: "/",
    env: { SECRET_OF_ROOT: "x", TERMINFO: "/nowhere" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const text = new TextDecoder();
  let over = false;
  const ended = child.output().then(({ code, stdout, stderr }) => {
    over = true;
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  });
  try {
    let acting: number | undefined;
    await until("a process acts as the owner", () => {
      acting = actingFor(child.pid, executes);
      return acting !== undefined || (isBrief && over);
    });
    if (acting !== undefined) await body({ outer: child.pid, acting, ended });
  } finally {
    await child.stdin.close().catch(() => {});
    try {
      // A command that hangs fails the test, and is not left behind.
      child.kill("SIGKILL");
    } catch {
      // The command has ended.
    }
    await ended;
  }
}
