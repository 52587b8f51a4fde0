import { reason } from "../cli/errors.ts";
import { PROC } from "./paths.ts";

/** The number of SIGXFSZ on all processors that lanĉo is built for (signal(7)). */
const SIGXFSZ = 25;

/**
 * Has the kernel refuse what this process would write beyond its caller's limit on the size
 * of files (RLIMIT_FSIZE), where it would else end it by SIGXFSZ (getrlimit(2)). A caller who
 * ignores that signal has this already, and what is launched inherits that.
 */
export function outliveFileLimit(proc = PROC): void {
  try {
    if (callerLimit("Max file size", proc) === "unlimited") return;
    const status = Deno.readTextFileSync(`${proc}/self/status`);
    const ignored = BigInt(`0x${/^SigIgn:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
    if (ignored >> BigInt(SIGXFSZ - 1) & 1n) return;
  } catch {
    // There is no namespace: nothing will be launched.
  }
  Deno.addSignalListener("SIGXFSZ", () => {});
}

/**
 * The limit of the caller's that counts, its soft one (proc_pid_limits(5)).
 *
 * @param name As the kernel calls it there.
 * @throws if it cannot be read.
 */
function callerLimit(name: string, proc = PROC): string {
  const limits = Deno.readTextFileSync(`${proc}/self/limits`);
  const line = limits.split("\n").find((line) => line.startsWith(`${name} `));
  return /^\s+(\S+)/.exec(line?.slice(name.length) ?? "")?.[1] ?? "unknown";
}

function shownLimit(name: string, proc: string): string {
  try {
    return callerLimit(name, proc);
  } catch {
    // No descriptor is left.
    return "reached";
  }
}

/** Whose limits there are on processes, one of which was reached. */
export function noMoreProcesses(proc = PROC): string {
  return `no more processes may be started: the caller's limit (RLIMIT_NPROC, "ulimit -u") is ${
    shownLimit("Max processes", proc)
  }, and his cgroup (pids.max) and the host (kernel.threads-max) have one too: raise the one that is reached`;
}

/**
 * Which limit has made a system call fail, whose it is, and what to do; nothing if none has.
 *
 * @param error What the runtime throws: it has the number of the error in its message (errno(3)).
 */
export function limitBehind(error: unknown, proc = PROC): string | undefined {
  const limit = (name: string) => shownLimit(name, proc);
  const message = reason(error);
  const number = /os error (\d+)\)/.exec(message)?.[1];
  // EAGAIN is also what a stream says that does not block.
  if (number === "11" && !message.startsWith("Failed to spawn")) return undefined;
  switch (number) {
    case "7":
      return "its arguments and environment are too long: the kernel takes 128 KiB for each, and for all " +
        `a quarter of the caller's limit on the stack (RLIMIT_STACK, "ulimit -s"), which is ${
          limit("Max stack size")
        }: shorten them`;
    case "11":
      return noMoreProcesses(proc);
    case "12":
      return "there is not enough memory: in the caller's limits (RLIMIT_AS, RLIMIT_DATA), in his cgroup (memory.max) or in the host";
    case "23":
      return "the host's limit on open files (fs.file-max) is reached";
    case "24":
      return `the caller's limit on descriptors (RLIMIT_NOFILE, "ulimit -n") is ${
        limit("Max open files")
      }: raise it`;
    case "27":
      return `the caller's limit on the size of files (RLIMIT_FSIZE, "ulimit -f") is ${
        limit("Max file size")
      } bytes: raise it`;
  }
  return undefined;
}
