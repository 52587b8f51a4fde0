import { Failed, NotPermitted } from "../cli/errors.ts";

/** The ids with which a process of a user runs. */
export interface Ids {
  uid: number;
  gid: number;
  /** The option of setpriv(1) for the supplementary groups. */
  groups: string;
}

/**
 * Returns the ids of a user. A user without a name has no groups: the group of `init -g`, which
 * is for reading only, is given to no process.
 */
export function idsOf(uid: number): Ids {
  const { stdout } = run("/usr/bin/getent", ["passwd", String(uid)]);
  const gid = new TextDecoder().decode(stdout).split(":")[3] ?? "";
  return /^\d+$/.test(gid)
    ? { uid, gid: Number(gid), groups: "--init-groups" }
    : { uid, gid: 65534, groups: "--clear-groups" };
}

/**
 * Checks that a user may execute a program.
 *
 * @throws {NotPermitted} if the user may not.
 * @throws {Failed} if no process can be started as this user.
 */
export function assertExecutable(program: string, { uid, gid, groups }: Ids, owner: string): void {
  const ids = [`--reuid=+${uid}`, `--regid=+${gid}`, groups];
  const { success, code } = run("/usr/bin/setpriv", [...ids, "/usr/bin/test", "-x", program]);
  if (success) return;
  // 1 is the answer of test(1); with any other status setpriv(1) could not start it.
  if (code !== 1) {
    throw new Failed(
      `cannot act as ${owner}: no process can be started as this user, who may have reached the limit of processes (RLIMIT_NPROC, "ulimit -u")`,
    );
  }
  throw new NotPermitted(
    `${owner} may not execute ${program}: put it where they may, such as /usr/local/bin`,
  );
}

function run(program: string, args: string[]): Deno.CommandOutput {
  const options = { args, cwd: "/", clearEnv: true, stdin: "null", stderr: "null" } as const;
  return new Deno.Command(program, options).outputSync();
}
