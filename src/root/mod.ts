// Everything that runs as root. This file makes and removes a namespace, by shell scripts.
import agent from "./release-agent.sh" with { type: "text" };
import common from "./common.sh" with { type: "text" };
import down from "./down.sh" with { type: "text" };
import errands from "./errands.sh" with { type: "text" };
import limits from "./limits.sh" with { type: "text" };
import namedDown from "./named_down.sh" with { type: "text" };
import namedUp from "./named_up.sh" with { type: "text" };
import systemdDown from "./systemd_down.sh" with { type: "text" };
import systemdUp from "./systemd_up.sh" with { type: "text" };
import up from "./up.sh" with { type: "text" };
import { Failed, LancoError } from "../cli/errors.ts";
import { runProgram } from "../cli/program_output.ts";
import type { KeeperName } from "../namespace/description.ts";
import { COUNTERS } from "../task/usage.ts";
import { executable } from "./executable.ts";
import { type Capacity, type Limits, planLimits } from "../cgroup/limits.ts";

/** The text of the release agent: its actions, and the queue by which one agent works at a time. */
const AGENT = (agent + errands).replace("@COUNTERS@", COUNTERS.join(" "));

/** The scripts that remove a namespace, and those that make one, in their order. */
const DOWN = [common, namedDown, systemdDown, down];
const UP = [...DOWN, limits, namedUp, systemdUp, up];

/** The parameters of `init`. */
export interface UpOptions {
  /** The owner, by name or number; empty for the one that the namespace has, or root. */
  user: string;
  /** The group that may read logs and records; empty for the one that the namespace has, or the owner's. */
  group: string;
  /** What is to keep a new namespace. */
  keeper: KeeperName;
  /** Whether a namespace that has another keeper is refused. */
  keeperDemanded: boolean;
  /** The size of the file system of the records, in bytes; undefined leaves it as it is. */
  records?: number;
  /** The most bytes that are kept of each log; Infinity lifts the bound, undefined leaves it as it is. */
  logMax?: number;
  /** The capacity of the host. */
  host: Capacity;
  /** The limits of the whole namespace; one that is undefined stays as it is. */
  limits: Limits;
  /** Whether to leave out, with a warning, a limit that the host cannot enforce. */
  bestEffort: boolean;
}

/** The report of a successful script. */
export interface ScriptReport {
  /** The warnings, one a line. */
  warnings: string[];
  /** The limits that have changed, one a line, with their values before. */
  changes: string[];
}

/**
 * Makes (`up`) or removes (`down`) a namespace, by a shell script that runs as root. The
 * script's environment is empty, so that no variable of the caller's (PATH, LD_PRELOAD, ENV)
 * can influence it.
 *
 * @returns the warnings and changes that the script reports.
 * @throws {LancoError} with the script's message and exit status.
 */
export async function runAsRoot(
  namespace: string,
  action: { up: UpOptions } | "down",
): Promise<ScriptReport> {
  const script = action === "down" ? DOWN : UP;
  const words = action === "down"
    ? ["down", namespace]
    : ["up", namespace, ...scriptArguments(action.up)];
  // The path is for what the owner's tasks are stopped with at shutdown.
  const args = ["-c", script.join("\n"), executable(), ...words];
  const { success, code, stdout, stderr } = await runProgram("/bin/sh", args, { errors: true });
  if (success) return parseReport(stdout);
  const lines = stderr.trim().split("\n");
  const silence = `/bin/sh ended with status ${code}`;
  // Any other status comes from the shell or from a program that it runs, not from the script's
  // own "fail". The first line of such a message names the fault; later ones may be advice.
  if (![1, 2, 4, 5, 6].includes(code)) {
    throw new Failed(`cannot bring the namespace ${words[0]}: ${lines[0] || silence}`);
  }
  throw new LancoError(lines.at(-1) || silence, code, code === 4 ? "WARN" : "ERROR");
}

/** Parses the script's output: lines `changed OPTION OLD NEW`, and warnings. */
function parseReport(text: string): ScriptReport {
  const report: ScriptReport = { warnings: [], changes: [] };
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const [, option, old, now] = /^changed (\S+) (\S+(?: \d+)?) (\S+(?: \d+)?)$/.exec(line) ?? [];
    if (option === undefined || old === undefined || now === undefined) report.warnings.push(line);
    else {report.changes.push(
        `${option} ${optionValue(option, now)}, was ${optionValue(option, old)}`,
      );}
  }
  return report;
}

/**
 * Converts a limit from the kernel's form to that of the option. The kernel writes "no limit"
 * as `max`, as -1, or as a number near 2^63.
 */
function optionValue(option: string, value: string): string {
  const number = Number(value.replace(/^default /, ""));
  if (Number.isNaN(number) || number < 0 || number > Number.MAX_SAFE_INTEGER) return "max";
  return String(option === "--cpus" ? number / 100_000 : number);
}

function scriptArguments(options: UpOptions): string[] {
  const { user, group, keeper, records, host, logMax } = options;
  const yesOrNo = (value: boolean) => value ? "yes" : "no";
  const plans = planLimits(options.limits).map(({ option, alternatives }) =>
    `${option}:${alternatives.map(({ file, value }) => `${file}=${value}`).join("|")}`
  );
  const size = records === undefined ? "" : String(records);
  return [
    user,
    group,
    keeper,
    yesOrNo(options.keeperDemanded),
    size,
    JSON.stringify(host),
    yesOrNo(options.bestEffort),
    AGENT,
    logMax === undefined ? "" : logMax === Infinity ? "max" : String(logMax),
    ...plans,
  ];
}
