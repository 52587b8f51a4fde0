import { Failed, NotPermitted } from "../cli/errors.ts";
import { programOutput } from "../cli/program_output.ts";

/** How long the check may take, in milliseconds. */
const CHECK_WAIT = 5000;

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
  const gid = programOutput("/usr/bin/getent", "passwd", String(uid)).split(":")[3] ?? "";
  return /^\d+$/.test(gid)
    ? { uid, gid: Number(gid), groups: "--init-groups" }
    : { uid, gid: 65534, groups: "--clear-groups" };
}

/**
 * Waits for the answer of a process of a user's that executes "test ! -x PROGRAM". The user can
 * stop it: then it is killed after some seconds.
 *
 * @throws {NotPermitted} if the user may not execute the program.
 * @throws {Failed} if no process can be started as this user.
 */
export async function assertExecutable(
  program: string,
  check: Deno.ChildProcess,
  owner: string,
): Promise<void> {
  const code = await statusWithin(CHECK_WAIT, check);
  // Also the status of the shell if it refuses: then it refuses the program, too, and says why.
  if (code === 1) return;
  if (code === undefined) {
    throw new Failed(
      `cannot act as ${owner}: a process of this user was held for ${CHECK_WAIT / 1000} seconds`,
    );
  }
  // With any status but those of test(1), setpriv(1) could not start it, or it was killed.
  if (code !== 0) {
    throw new Failed(
      `cannot act as ${owner}: no process can be started as this user, who may have reached the limit of processes (RLIMIT_NPROC, "ulimit -u")`,
    );
  }
  throw new NotPermitted(
    `${owner} may not execute ${program}: put it where they may, such as /usr/local/bin`,
  );
}

/** Returns the exit status of a process; undefined, and kills it, if it does not end in time. */
async function statusWithin(wait: number, process: Deno.ChildProcess): Promise<number | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), wait);
  });
  const code = await Promise.race([process.status.then(({ code }) => code), late]);
  clearTimeout(timer);
  if (code === undefined) kill(process);
  return code;
}

function kill(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch {
    // The process has ended.
  }
}
