import type { Signal } from "../task/signals.ts";

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

/** Whether one of the standard streams is a terminal. */
function hasTerminal(): boolean {
  return Deno.stdin.isTerminal() || Deno.stdout.isTerminal() || Deno.stderr.isTerminal();
}

/**
 * From now on holds the signals that come for a command. The function that is returned
 * hands them on, waits for the command, and returns its exit status: 128 + n for signal
 * n, 125 if what it waits for did not live to tell it.
 */
export function forwardSignals(): (
  pid: number,
  status: Promise<Pick<Deno.CommandStatus, "code" | "signal">>,
) => Promise<number> {
  const terminal = hasTerminal();
  const held: Signal[] = [];
  let deliver = (signal: Signal): void => void held.push(signal);
  for (const signal of FORWARDED) {
    Deno.addSignalListener(signal, () => {
      if (!(terminal && FROM_TERMINAL.includes(signal))) deliver(signal);
    });
  }
  return async (pid, status) => {
    deliver = (signal) => send(pid, signal);
    held.forEach(deliver);
    const { code, signal } = await status;
    return signal === null ? code : 125;
  };
}

function send(pid: number, signal: Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended, or is another user's by now: then its status will tell.
  }
}
