import { isGone } from "../cgroup/cgroup.ts";
import { Usage } from "../cli/errors.ts";

/** How a process ended: by itself with an exit status, or by a signal. */
export interface Exit {
  /** The exit status; null if a signal has killed the process, or the status is not known. */
  code: number | null;
  /** The signal that has killed the process; null if none has, or the status is not known. */
  signal: Signal | null;
}

/** The full name of a signal, such as SIGTERM. */
export type Signal = Deno.Signal;

/** The signals of Linux on x86-64 and arm64, by number (signal(7)). */
export const SIGNALS: Readonly<Record<number, Signal>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  5: "SIGTRAP",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  10: "SIGUSR1",
  11: "SIGSEGV",
  12: "SIGUSR2",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
  16: "SIGSTKFLT",
  17: "SIGCHLD",
  18: "SIGCONT",
  19: "SIGSTOP",
  20: "SIGTSTP",
  21: "SIGTTIN",
  22: "SIGTTOU",
  23: "SIGURG",
  24: "SIGXCPU",
  25: "SIGXFSZ",
  26: "SIGVTALRM",
  27: "SIGPROF",
  28: "SIGWINCH",
  29: "SIGIO",
  30: "SIGPWR",
  31: "SIGSYS",
};

/**
 * Parses the name or number of a signal, such as `TERM`, `SIGTERM`, `term` or `15`.
 *
 * @throws {Usage} if there is no such signal.
 */
export function parseSignal(text: string): Signal {
  const upper = text.toUpperCase();
  const name = /^\d+$/.test(text)
    ? SIGNALS[Number(text)]
    : Object.values(SIGNALS).find((signal) => signal === upper || signal === `SIG${upper}`);
  if (name === undefined) {
    throw new Usage(`unknown signal "${text}": give a name such as TERM, or a number from 1 to 31`);
  }
  return name;
}

/** Returns the number of a signal. */
export function numberOf(signal: Signal): number {
  return Number(Object.entries(SIGNALS).find(([, name]) => name === signal)?.[0]);
}

/** Returns how a process ended, by its exit status as a shell gives it: 128 + n for signal n. Both fields are null if that is not known. */
export function exitOf(status: number | undefined): Exit {
  const signal = status === undefined ? undefined : SIGNALS[status - 128];
  return { code: signal === undefined ? status ?? null : null, signal: signal ?? null };
}

/** Returns whether a text is the full name of a signal. */
export function isSignal(text: string): text is Signal {
  return (Object.values(SIGNALS) as readonly string[]).includes(text);
}

/**
 * Sends a signal to processes (kill(2)).
 *
 * @returns how many of them have received it or no longer exist; the others belong to another
 * user, e.g. because they have executed a setuid program.
 */
export function send(pids: readonly number[], signal: Signal): number {
  let reached = 0;
  for (const pid of pids) {
    try {
      Deno.kill(pid, signal);
      reached++;
    } catch (error) {
      if (isGone(error)) reached++;
      else if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    }
  }
  return reached;
}
