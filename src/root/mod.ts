import agent from "./release-agent.sh" with { type: "text" };
import script from "./namespace.sh" with { type: "text" };
import { Failed, LancoError } from "../errors.ts";
import { type Limits, planLimits } from "../limits.ts";

/** What `init` asks for. */
export interface UpOptions {
  /** The owner, by name or number. */
  user: string;
  /** The group, by name or number; empty for the owner's. */
  group: string;
  /** What the whole namespace may use; what is not given stays as it is. */
  limits: Limits;
  /** Whether a limit that the host cannot enforce is left out. */
  bestEffort: boolean;
}

/**
 * Runs `namespace.sh`, the one program that lanĉo starts as root: `up` makes a
 * namespace, `down` removes it. Its environment is empty, so that nothing of
 * the caller's (PATH, LD_PRELOAD, ENV) reaches a root shell.
 *
 * @returns the warnings.
 * @throws {LancoError} with the script's message and exit status.
 */
export async function runAsRoot(
  namespace: string,
  action: { up: UpOptions } | "down",
): Promise<string[]> {
  const words = action === "down" ? ["down", namespace] : ["up", namespace, ...up(action.up)];
  const { success, code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script, "lanco", ...words],
    cwd: "/",
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
  const lines = new TextDecoder().decode(stderr).trim().split("\n");
  const message = lines.at(-1) || `/bin/sh ended with status ${code}`;
  // The shell's own failures, as of a command that is missing, are no promise of the contract.
  if (![1, 2, 4, 5, 6].includes(code)) {
    throw new Failed(`cannot ${words[0]} the namespace: ${message}`);
  }
  throw new LancoError(message, code, code === 4 ? "WARN" : "ERROR");
}

function up({ user, group, limits, bestEffort }: UpOptions): string[] {
  const plans = planLimits(limits).map(({ option, alternatives }) =>
    `${option}:${alternatives.map(({ file, value }) => `${file}=${value}`).join("|")}`
  );
  return [user, group, agent, bestEffort ? "yes" : "no", ...plans];
}
