import prologue from "./prologue.sh" with { type: "text" };
import { Failed, NotPermitted, reason } from "../../cli/errors.ts";
import { shellArguments, type ShellRole } from "../../task/launch_shells.ts";
import { limitBehind } from "../../namespace/caller_limits.ts";
import type { CallerEnvironment } from "./environment.ts";

/** Options for starting a shell. */
export interface SpawnOptions {
  /** Whether the shell gets a session of its own. */
  session: boolean;
  /** What the shell is for. */
  role: ShellRole;
  /** The script that it evaluates, and what that gets from `$3` on: see `prologue.sh`. */
  script: readonly [text: string, ...words: string[]];
  /** The caller's environment. */
  environment: CallerEnvironment;
  /** The umask of the caller, which the shell inherits. */
  umask: number;
  /** The shell's standard streams, and variables to add to its environment. */
  options: Deno.CommandOptions;
}

/**
 * Starts a shell with the environment and the umask of the caller.
 *
 * @throws {NotPermitted} if the caller may not enter their own working directory.
 * @throws {Failed} if the shell cannot be started.
 */
export function spawn(
  { session, role, script, environment, umask, options }: SpawnOptions,
): Deno.ChildProcess {
  const words = [
    // The option `detached` of the runtime would remove root's supplementary groups.
    ...(session ? ["/usr/bin/setsid"] : []),
    "/bin/sh",
    ...shellArguments(role, prologue, ...script),
  ];
  const [program = "", ...args] = words;
  const own = Deno.umask(umask);
  try {
    const env = { ...environment.harmless, ...options.env };
    return new Deno.Command(program, { ...options, env, args }).spawn();
  } catch (error) {
    throw explained(error, program);
  } finally {
    Deno.umask(own);
  }
}

/**
 * Returns the runtime's option for where a shell begins that will change to a directory.
 *
 * @param directory The directory; undefined if it stays in the caller's.
 */
export function cwdFor(directory: string | undefined): { cwd?: string } {
  // The caller may not be permitted to enter the working directory of this process.
  return directory?.startsWith("/") ? { cwd: "/" } : {};
}

/**
 * Lets a process live on when this one ends: the runtime would kill it.
 *
 * The runtime closes what it has of a process as soon as that has ended, and only later notes that
 * it has: unref() fails in between.
 */
export function letLiveOn(process: Deno.ChildProcess): void {
  try {
    process.unref();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

function explained(error: unknown, program: string): Error {
  const why = reason(error);
  // The runtime's message below a directory that the user may not enter.
  if (error instanceof Deno.errors.PermissionDenied || why.includes("No such cwd")) {
    return new NotPermitted(
      "cannot enter the working directory: permission denied: change it, or give one with --chdir",
    );
  }
  const limit = limitBehind(error);
  if (limit !== undefined) return new Failed(`cannot start ${program}: ${limit}`);
  const missing = error instanceof Deno.errors.NotFound ? ": install util-linux" : "";
  return new Failed(`cannot start ${program}: ${why}${missing}`);
}
