/**
 * What a shell that `run` starts is for. It is the name that the shell is given after its script, so
 * that other processes see it in its command line.
 */
export type ShellRole =
  /** The parent of a task's first process: see `shim.sh`. */
  | "lanco-shim"
  /** It forks the shims of a batch, whose command lines are the same: see `pool.sh`. */
  | "lanco-pool"
  /** It waits for the end of a task and runs its exit command: see `exit_command.sh`. */
  | "lanco-exit"
  /** It keeps the time limit of a run: see `time_limit.sh`. */
  | "lanco-time"
  /** It keeps a file of a task's output from growing: see `log_bound.sh`. */
  | "lanco-bound"
  /** A task's first process before it executes the command: see `child.sh`. */
  | "lanco-child"
  /** It starts this executable with the rights of a namespace's owner, for root: see `owner.sh`. */
  | "lanco-owner";

/** The script of each of these shells, which evaluates the text that it is given first. */
const SCRIPT = 'eval "$1"';

/**
 * Returns the arguments of /bin/sh for such a shell. The shells that start another one have the same
 * words: see `prologue.sh` and `shim.sh`.
 *
 * @param text The text that it evaluates, with `$1` and what follows as here.
 */
export function shellArguments(role: ShellRole, text: string, ...words: string[]): string[] {
  return ["-c", SCRIPT, role, text, ...words];
}

/** The beginning of the command line of every shell that is given its script. */
const SHELL = "/bin/sh\0-c\0";

/** setsid(1), which executes the shell in a session of its own. */
const SETSID = "/usr/bin/setsid\0";

/** The beginnings of the command lines of the same shells of version 1.1.0: the first words of their scripts. */
const FORMER: Readonly<Record<ShellRole, readonly string[]>> = {
  "lanco-shim": ['# Started by "run"', "# The shim"],
  "lanco-pool": ['# Started by "run"', "# The nursery"],
  "lanco-exit": ['# Started by "run"', "# Waits for the end of a task"],
  "lanco-time": [],
  "lanco-bound": [],
  "lanco-child": ["# What becomes the command."],
  "lanco-owner": [],
};

/**
 * Returns whether a command line is that of a shell with one of these roles, or of setsid(1), which
 * is yet to execute it. Of a process that is ending the kernel may return only the beginning, which
 * is enough if it reaches into the script.
 *
 * @param line The command line with a zero byte after each argument.
 */
export function isLaunchShell(line: string, ...roles: ShellRole[]): boolean {
  const shell = line.startsWith(SETSID) ? line.slice(SETSID.length) : line;
  const isCut = shell.length > SHELL.length && !shell.endsWith("\0");
  return roles
    .flatMap((role) => [`${SCRIPT}\0${role}\0`, ...FORMER[role]])
    .some((words) => shell.startsWith(SHELL + words) || isCut && (SHELL + words).startsWith(shell));
}
