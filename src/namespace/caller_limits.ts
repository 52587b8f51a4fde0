import { reason } from "../cli/errors.ts";
import { PROC } from "./paths.ts";

/** The number of SIGXFSZ on all architectures that lanĉo is built for (signal(7)). */
const SIGXFSZ = 25;

/**
 * Makes a write beyond the caller's limit on the size of files (RLIMIT_FSIZE) fail with
 * EFBIG: by default the kernel would end this process by SIGXFSZ (getrlimit(2)). Where the
 * caller ignores SIGXFSZ, writes fail so anyway, and no handler is set, so that a task
 * inherits the ignored signal.
 */
export function outliveFileLimit(proc = PROC): void {
  try {
    if (callerLimit("Max file size", proc) === "unlimited") return;
    const status = Deno.readTextFileSync(`${proc}/self/status`);
    const ignored = BigInt(`0x${/^SigIgn:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
    if (ignored >> BigInt(SIGXFSZ - 1) & 1n) return;
  } catch {
    // Without any namespace nothing will be launched that could inherit the handler.
  }
  Deno.addSignalListener("SIGXFSZ", () => {});
}

/**
 * Returns the caller's soft limit, which is the one that is enforced (proc_pid_limits(5)).
 *
 * @param name The name of the limit in that file.
 * @throws if the file cannot be read.
 */
function callerLimit(name: string, proc = PROC): string {
  const limits = Deno.readTextFileSync(`${proc}/self/limits`);
  const line = limits.split("\n").find((line) => line.startsWith(`${name} `));
  return /^\s+(\S+)/.exec(line?.slice(name.length) ?? "")?.[1] ?? "unknown";
}

/** Returns the caller's limit on the size of files, in bytes; undefined if there is none, or it cannot be read. */
export function fileSizeLimit(proc = PROC): number | undefined {
  try {
    const limit = callerLimit("Max file size", proc);
    return /^\d+$/.test(limit) ? Number(limit) : undefined;
  } catch {
    return undefined;
  }
}

function shownLimit(name: string, proc: string): string {
  try {
    return callerLimit(name, proc);
  } catch {
    // The file cannot be opened when the limit on descriptors is the one that is reached.
    return "reached";
  }
}

/** Returns a message that names the limits on processes, one of which has been reached. */
export function noMoreProcesses(proc = PROC): string {
  return `no more processes may be started: the caller's limit (RLIMIT_NPROC, "ulimit -u") is ${
    shownLimit("Max processes", proc)
  }, and the caller's cgroup (pids.max) and the host (kernel.threads-max) have one too: raise the one that is reached`;
}

/**
 * Returns a message about the limit that made a system call fail: its value, whether it is
 * the caller's or the host's, and the remedy. Returns undefined if no limit is the cause.
 *
 * @param error The runtime's error, whose message contains the error number (errno(3)).
 */
export function limitBehind(error: unknown, proc = PROC): string | undefined {
  const limit = (name: string) => shownLimit(name, proc);
  const message = reason(error);
  const number = /os error (\d+)\)/.exec(message)?.[1];
  // A non-blocking stream fails with EAGAIN, too.
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
      return "there is not enough memory: in the caller's limits (RLIMIT_AS, RLIMIT_DATA), in the caller's cgroup (memory.max) or in the host";
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
