import type { Command } from "../context.ts";
import { Usage } from "../errors.ts";
import { COMMANDS, STANDALONE } from "./mod.ts";

/** Whether the word is a command that stands alone, where a namespace would. */
export function isStandalone(word: string): boolean {
  return Object.hasOwn(STANDALONE, word);
}

/**
 * Loads a command.
 *
 * @param namespace Where it is to work, if it was given one: then it cannot stand alone.
 * @throws {Usage} if there is no such command; it names the nearest.
 */
export async function find(name: string, namespace?: string): Promise<Command> {
  const table = namespace === undefined ? { ...COMMANDS, ...STANDALONE } : COMMANDS;
  const loader = Object.hasOwn(table, name) ? table[name] : undefined;
  if (loader !== undefined) return (await loader()).default;
  if (namespace !== undefined && Object.hasOwn(COMMANDS, namespace)) {
    throw new Usage(
      `unknown command "${name}": "${namespace}" stands where the namespace should, try lanco <namespace> ${namespace}`,
    );
  }
  const { suggestion } = await import("../nearest.ts");
  throw new Usage(`unknown command "${name}"${suggestion(name, Object.keys(table))}: see lanco -h`);
}
