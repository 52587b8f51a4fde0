import { send, type Signal } from "../task/signals.ts";

/** The signals that are forwarded: a user or a supervisor sends them to `run -f` as to the command. */
const FORWARDED: readonly Signal[] = [
  "SIGTERM",
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
];

/** The signals that a terminal sends to the whole foreground process group, which includes the command. */
const FROM_TERMINAL: readonly Signal[] = ["SIGINT", "SIGQUIT"];

/**
 * Starts to collect the signals that are meant for a command.
 *
 * @returns a function that forwards the signals to the process `pid`, also those that come later,
 * waits for the end of the shim, and returns the exit status of the command: 128 + n for signal n,
 * or 125 if the shim was killed.
 */
export function forwardSignals(): (
  pid: number,
  status: Promise<Pick<Deno.CommandStatus, "code" | "signal">>,
) => Promise<number> {
  const terminal = [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
  const held: Signal[] = [];
  let deliver = (signal: Signal): void => void held.push(signal);
  for (const signal of FORWARDED) {
    Deno.addSignalListener(signal, () => {
      if (!(terminal && FROM_TERMINAL.includes(signal))) deliver(signal);
    });
  }
  return async (pid, status) => {
    // The command may have ended, or run as another user (kill(2), EPERM).
    deliver = (signal) => void send([pid], signal);
    held.forEach(deliver);
    const { code, signal } = await status;
    return signal === null ? code : 125;
  };
}
