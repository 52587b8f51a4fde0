import { defined } from "../cli/defined.ts";
import { Usage } from "../cli/errors.ts";
import { flag, type Option, type OptionValues, text, value, whole } from "../cli/options.ts";
import { parseLogMax } from "../launch/log_max.ts";
import type { LaunchOptions } from "../launch/launch_options.ts";
import { sameFile } from "../launch/output_files.ts";
import type { Namespace } from "../namespace/description.ts";
import { logFile } from "../namespace/paths.ts";
import { fromHere } from "../namespace/working_directory.ts";

/** How many rotated logs of a task are kept, unless `--keep` gives another number. */
export const KEPT_LOGS = 10;

/** Returns the option by which logs are bounded. */
export function boundOfLogs(about: string): Option<number | undefined> {
  const takes = ['a size such as "2G", or "max"', "text", "number"] as const;
  return value("--log-max SIZE", about, takes, parseLogMax);
}

/** The options that say where the output of a task goes. */
export const OUTPUT = {
  foreground: flag(
    "-f, --foreground",
    "run it on this terminal, exit with its status",
    { commandLineOnly: true },
  ),
  log: flag("-L, --log", "log the output in the foreground too", { commandLineOnly: true }),
  logfile: text("-l, --logfile FILE", "log to this file", { value: "file" }),
  stderr: text("-e, --stderr FILE", "write the standard error to this file instead", {
    value: "file",
  }),
  logMax: boundOfLogs("keep the newest SIZE (from 64K; max: everything)"),
  keep: whole("--keep N", `keep N rotated logs (${KEPT_LOGS})`, { max: 10_000 }),
};

/**
 * Returns where the output of a task goes.
 *
 * @throws {Usage} if the log and the file for the standard error are the same, or there is none to
 * be bounded.
 */
export function outputOf(
  { namespace, logMax }: Namespace,
  task: string,
  options: OptionValues<typeof OUTPUT>,
): Pick<LaunchOptions, "foreground" | "log" | "errors" | "bound" | "keep"> {
  const { foreground, stderr, keep = KEPT_LOGS } = options;
  const logs = !foreground || options.log;
  const log = options.logfile ?? (logs ? logFile(namespace, task) : undefined);
  if (stderr !== undefined && log !== undefined && fromHere(stderr) === fromHere(log)) {
    throw new Usage(sameFile(stderr));
  }
  const most = options.logMax ?? logMax ?? Infinity;
  const demanded = options.logMax !== undefined && most !== Infinity;
  if (demanded && log === undefined && stderr === undefined) {
    throw new Usage("--log-max has no log to keep small: give -L or --stderr beside -f");
  }
  return {
    foreground,
    keep,
    ...defined({ log, errors: stderr }),
    ...(most === Infinity ? {} : { bound: { most, demanded } }),
  };
}
