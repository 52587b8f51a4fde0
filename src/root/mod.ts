import agent from "./release-agent.sh" with { type: "text" };
import script from "./namespace.sh" with { type: "text" };
import { Failed, LancoError } from "../errors.ts";

/**
 * Runs `namespace.sh`, the one program that lanĉo starts as root: `up` makes a
 * namespace, `down` removes it. Its environment is empty, so that nothing of
 * the caller's (PATH, LD_PRELOAD, ENV) reaches a root shell.
 *
 * @throws {LancoError} with the script's message and exit status.
 */
export async function runAsRoot(
  namespace: string,
  action: { up: { user: string; group: string } } | "down",
): Promise<void> {
  const words = action === "down"
    ? ["down", namespace]
    : ["up", namespace, action.up.user, action.up.group, agent];
  const { success, code, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script, "lanco", ...words],
    cwd: "/",
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  const lines = new TextDecoder().decode(stderr).trim().split("\n");
  const message = lines.at(-1) || `/bin/sh ended with status ${code}`;
  // The shell's own failures, as of a command that is missing, are no promise of the contract.
  if (![1, 2, 4, 5, 6].includes(code)) {
    throw new Failed(`cannot ${words[0]} the namespace: ${message}`);
  }
  throw new LancoError(message, code, code === 4 ? "WARN" : "ERROR");
}
