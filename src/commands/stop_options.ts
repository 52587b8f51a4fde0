import { period } from "../cli/durations.ts";
import { defined } from "../cli/defined.ts";
import { Usage } from "../cli/errors.ts";
import { flag, type Option, type OptionValues, value } from "../cli/options.ts";
import { parseSignal, type Signal } from "../task/signals.ts";
import { STOP_TIMEOUTS, type StopManner } from "../task/stop_manner.ts";

/** Signals that no process can act on: the first ends it at once, the other keeps it from ending. */
const UNCATCHABLE: readonly Signal[] = ["SIGKILL", "SIGSTOP"];

function stopSignal(text: string, subject: string): Signal {
  const signal = parseSignal(text);
  if (!UNCATCHABLE.includes(signal)) return signal;
  throw new Usage(
    `${subject}: a process cannot act on ${signal}: give a signal that the command ends by, such as INT`,
  );
}

/** The options by which the starter of a task says how it is to be stopped. */
export const STOP_MANNER = {
  stopSignal: value(
    "--stop-signal SIGNAL",
    "to stop the task, send this signal first (TERM)",
    ['a signal such as "INT", or its number', "text", "number"],
    stopSignal,
    { value: "signal" },
  ),
  stopTimeout: period(
    "--stop-timeout DURATION",
    "to stop the task, wait so long, then kill (30s)",
    STOP_TIMEOUTS,
  ),
  stopMain: flag(
    "--stop-main",
    "to stop the task, signal the command alone first",
  ),
};

/** Returns what the options say; undefined if they say nothing. */
export function stopMannerOf(
  { stopSignal, stopTimeout, stopMain }: OptionValues<typeof STOP_MANNER>,
): StopManner | undefined {
  if (stopSignal === undefined && stopTimeout === undefined && !stopMain) return undefined;
  return defined({ signal: stopSignal, timeout: stopTimeout, main: stopMain || undefined });
}

/** The option of `stop` for whom the signal goes to; undefined if the starter is to decide. */
export const MAIN: Option<boolean | undefined> = {
  spelling: "--main[=no]",
  about: "signal the command alone, or with =no all processes",
  takes: ["true or false", "boolean"],
  read(given, subject) {
    const last = given.at(-1);
    if (last === undefined || typeof last === "boolean") return last;
    if (last === "" || last === "yes") return true;
    if (last === "no") return false;
    throw new Usage(`${subject} takes yes or no, not "${String(last).slice(0, 50)}"`);
  },
};
