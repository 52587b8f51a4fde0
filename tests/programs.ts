/** How tests run programs, as any user. */

/**
 * The user that owns the namespaces of the tests, and another unprivileged one: Debian's
 * "games" and "man". The numbers of their groups are others, as on most hosts.
 */
export const OWNER = 5;
export const STRANGER = 6;

/** The owner's name, which is his group's too. */
export const OWNER_NAME = "games";

/** The owner's primary group. */
export const OWNER_GROUP = 60;

/** The primary group of a user of the tests. */
export function groupOf(uid: number): number {
  return uid === OWNER ? OWNER_GROUP : uid === STRANGER ? 12 : uid;
}

/** What a program left. */
export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run a program. */
export interface ExecOptions {
  /** The user id to run it as; the owner by default, 0 for root. */
  uid?: number;
  /** Supplementary groups. */
  groups?: readonly number[];
  cwd?: string;
  env?: Record<string, string>;
  clearEnv?: boolean;
  stdin?: string;
}

/** Runs a program as an unprivileged user to its end. */
export async function exec(
  command: readonly string[],
  options: ExecOptions = {},
): Promise<Result> {
  const { uid = OWNER, groups = [], stdin, env, clearEnv, cwd = "/" } = options;
  const process = new Deno.Command("/usr/bin/setpriv", {
    args: [...identity(uid, groups), ...command],
    cwd,
    ...(env ? { env } : {}),
    ...(clearEnv ? { clearEnv } : {}),
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin !== undefined) {
    const writer = process.stdin.getWriter();
    // It may end without reading it.
    await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
    await writer.close().catch(() => {});
  }
  const { code, stdout, stderr } = await process.output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** The arguments of setpriv(1) for a user, with his primary group. */
export function identity(uid: number, groups: readonly number[] = []): string[] {
  return [
    `--reuid=${uid}`,
    `--regid=${groupOf(uid)}`,
    groups.length ? `--groups=${groups.join(",")}` : "--clear-groups",
  ];
}

/** How to start a program that the test goes on beside. */
export interface StartOptions {
  stdin?: "null" | "piped";
  stdout?: "null" | "piped";
  stderr?: "null" | "piped" | "inherit";
}

/** Starts a program as the owner, without streams unless they are asked for. */
export function start(command: readonly string[], options: StartOptions = {}): Deno.ChildProcess {
  return new Deno.Command("/usr/bin/setpriv", {
    args: [...identity(OWNER), ...command],
    cwd: "/",
    stdin: "null",
    stdout: "null",
    stderr: "null",
    ...options,
  }).spawn();
}

/** Runs a line of shell as the owner. */
export function shell(line: string, options: ExecOptions = {}): Promise<Result> {
  return exec(["/bin/sh", "-c", line], options);
}

/** Waits until the condition holds, at most a minute unless another time is given, in milliseconds. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  atMost = 60_000,
): Promise<void> {
  const deadline = Date.now() + atMost;
  while (!await condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A message as lanĉo prints it: its level, its token and its text. */
export function messages(stderr: string): { level: string; token: string; text: string }[] {
  return stderr.split("\n").filter((line) => line !== "").map((line) => {
    const [, level, token, text] =
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d \[(\w+)\/([\w-]+)\] (.*)$/.exec(line) ?? [];
    if (level === undefined || token === undefined || text === undefined) {
      throw new Error(`not a message of lanco's: ${line}`);
    }
    return { level, token, text };
  });
}
