/** What the tests share that look at what does as a namespace's owner what root has asked for. */
import { LANCO, OWNER, until } from "../harness.ts";

/** What a file of a process says; nothing if there is none. */
export function readOf(pid: number, file: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return "";
  }
}

/** What a process has started, and what that has. */
function descendants(pid: number): number[] {
  return readOf(pid, `task/${pid}/children`).split(" ").filter((word) => word !== "")
    .map(Number).flatMap((child) => [child, ...descendants(child)]);
}

/** What acts as the owner for a command of root's, once it does. Before that it is root's. */
export function actingFor(outer: number): number | undefined {
  return descendants(outer).find((pid) => {
    try {
      return new RegExp(`^Uid:\\s+${OWNER}\\s`, "m").test(readOf(pid, "status")) &&
        Deno.readLinkSync(`/proc/${pid}/exe`) === LANCO;
    } catch {
      return false;
    }
  });
}

/** A command of root's while it lasts, and what acts for it. */
export interface Acted {
  /** The number of root's command. */
  outer: number;
  /** The number of what acts. */
  acting: number;
  /** What has become of root's command, and what it has said. */
  ended: Promise<{ code: number; stdout: string; stderr: string }>;
}

/**
 * Runs a command as root, and does something when it acts; its standard input ends after that.
 *
 * @param isBrief Whether it may end before it has been seen: then nothing is done.
 */
export async function whileActing(
  [program = "", ...args]: readonly string[],
  body: (acted: Acted) => Promise<void>,
  { isBrief = false } = {},
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
    await until("it acts", () => {
      acting = actingFor(child.pid);
      return acting !== undefined || (isBrief && over);
    });
    if (acting !== undefined) await body({ outer: child.pid, acting, ended });
  } finally {
    await child.stdin.close().catch(() => {});
    try {
      // What hangs fails the test, and is not left behind.
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await ended;
  }
}
