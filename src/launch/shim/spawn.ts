import { Failed, NotPermitted, reason } from "../../cli/errors.ts";
import { limitBehind } from "../../namespace/caller_limits.ts";
import type { CallerEnvironment } from "./environment.ts";

/** What to start, and how. */
export interface SpawnOptions {
  /** Whether it gets a session of its own. */
  session: boolean;
  /** The arguments of /bin/sh. */
  shell: readonly string[];
  /** What the caller gave. */
  environment: CallerEnvironment;
  /** The umask of the caller, which it inherits. */
  umask: number;
  /** Its streams, and what is added to its environment. */
  options: Deno.CommandOptions;
}

/**
 * Starts a shell as the caller himself would.
 *
 * @throws {NotPermitted} if he may not enter his own working directory.
 * @throws {Failed} if there is no way to start it.
 */
export function spawn(
  { session, shell, environment, umask, options }: SpawnOptions,
): Deno.ChildProcess {
  const words = [
    // Not `detached`, with which the runtime takes root's groups away.
    ...(session ? ["/usr/bin/setsid"] : []),
    "/bin/sh",
    ...shell,
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

function explained(error: unknown, program: string): Error {
  const why = reason(error);
  // So the runtime puts it from below a directory that the user may not enter.
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
