import type { Shim } from "./shim/shim.ts";
import type { Signal } from "./signals.ts";

/** The signals that a user or a supervisor sends to what he takes for the command. */
const FORWARDED: readonly Signal[] = [
  "SIGTERM",
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
];

/** What the terminal itself sends to the whole foreground process group, the command included. */
const FROM_TERMINAL: readonly Signal[] = ["SIGINT", "SIGQUIT"];

/**
 * From now on holds the signals that come for the command. The function that is
 * returned hands them on, waits for the command, and returns its exit status:
 * 128 + n for signal n, 125 if the shim did not live to tell it.
 */
export function followInForeground(): (pid: number, shim: Shim) => Promise<number> {
  const terminal = Deno.stdin.isTerminal() || Deno.stdout.isTerminal() ||
    Deno.stderr.isTerminal();
  const held: Signal[] = [];
  let deliver = (signal: Signal): void => void held.push(signal);
  for (const signal of FORWARDED) {
    Deno.addSignalListener(signal, () => {
      if (!(terminal && FROM_TERMINAL.includes(signal))) deliver(signal);
    });
  }
  return async (pid, shim) => {
    deliver = (signal) => send(pid, signal);
    held.forEach(deliver);
    const { code, signal } = await shim.status;
    return signal === null ? code : 125;
  };
}

function send(pid: number, signal: Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended, or is another user's by now: then the shim will tell.
  }
}
