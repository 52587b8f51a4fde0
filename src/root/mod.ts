// All that runs as root: making and removing a namespace, the release agent, and acting as an owner.
import agent from "./release-agent.sh" with { type: "text" };
import common from "./common.sh" with { type: "text" };
import down from "./down.sh" with { type: "text" };
import errands from "./errands.sh" with { type: "text" };
import limits from "./limits.sh" with { type: "text" };
import up from "./up.sh" with { type: "text" };
import { Failed, LancoError } from "../cli/errors.ts";
import { type Capacity, type Limits, planLimits } from "../cgroup/limits.ts";

/** The release agent: what it does, and who of many does it when. */
const AGENT = agent + errands;

/** What `init` asks for. */
export interface UpOptions {
  /** The owner, by name or number. */
  user: string;
  /** The group that may read, by name or number; empty for the owner's. */
  group: string;
  /** How much its records may take, in bytes; what is not given stays as it is. */
  records?: number;
  /** What the host has. */
  host: Capacity;
  /** What the whole namespace may use; what is not given stays as it is. */
  limits: Limits;
  /** Whether a limit that the host cannot enforce is left out. */
  bestEffort: boolean;
}

/** What was done as root. */
export interface Done {
  /** What is to be known of it. */
  warnings: string[];
  /** The limits that are others now, a line each. */
  changes: string[];
}

/**
 * Runs what lanĉo does as root: `up` makes a namespace, `down` removes it. The shell's
 * environment is empty, so that nothing of the caller's (PATH, LD_PRELOAD, ENV) reaches it.
 *
 * @throws {LancoError} with the script's message and exit status.
 */
export async function runAsRoot(
  namespace: string,
  action: { up: UpOptions } | "down",
): Promise<Done> {
  const script = action === "down" ? [common, down] : [common, down, limits, up];
  const words = action === "down" ? ["down", namespace] : ["up", namespace, ...given(action.up)];
  const { success, code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script.join("\n"), "lanco", ...words],
    cwd: "/",
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return report(new TextDecoder().decode(stdout));
  const lines = new TextDecoder().decode(stderr).trim().split("\n");
  const silence = `/bin/sh ended with status ${code}`;
  // The shell's own failures, as of a command that is missing, are no promise of the contract;
  // what a program says begins with what is wrong, and may end with advice.
  if (![1, 2, 4, 5, 6].includes(code)) {
    throw new Failed(`cannot bring the namespace ${words[0]}: ${lines[0] || silence}`);
  }
  throw new LancoError(lines.at(-1) || silence, code, code === 4 ? "WARN" : "ERROR");
}

/** Reads what the script has printed: a change as `changed OPTION OLD NEW`, else a warning. */
function report(text: string): Done {
  const done: Done = { warnings: [], changes: [] };
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const [, option, old, now] = /^changed (\S+) (\S+(?: \d+)?) (\S+(?: \d+)?)$/.exec(line) ?? [];
    if (option === undefined || old === undefined || now === undefined) done.warnings.push(line);
    else done.changes.push(`${option} ${shown(option, now)}, was ${shown(option, old)}`);
  }
  return done;
}

/** A limit as the option has it; the kernel's own way to say "none" is one of three. */
function shown(option: string, value: string): string {
  const number = Number(value.replace(/^default /, ""));
  if (Number.isNaN(number) || number < 0 || number > Number.MAX_SAFE_INTEGER) return "max";
  return String(option === "--cpus" ? number / 100_000 : number);
}

function given({ user, group, records, host, limits, bestEffort }: UpOptions): string[] {
  const plans = planLimits(limits).map(({ option, alternatives }) =>
    `${option}:${alternatives.map(({ file, value }) => `${file}=${value}`).join("|")}`
  );
  const size = records === undefined ? "" : String(records);
  return [user, group, size, JSON.stringify(host), bestEffort ? "yes" : "no", AGENT, ...plans];
}
