import type { Command, CommandTables } from "./command.ts";
import { Usage } from "./errors.ts";

/**
 * Loads a command.
 *
 * @param namespace Where it is to work, if it was given one: then it cannot stand alone.
 * @throws {Usage} if there is no such command; it names the nearest.
 */
export async function findCommand(
  { commands, standalone }: CommandTables,
  name: string,
  namespace?: string,
): Promise<Command> {
  const table = namespace === undefined ? { ...commands, ...standalone } : commands;
  const loader = Object.hasOwn(table, name) ? table[name] : undefined;
  if (loader !== undefined) return (await loader()).default;
  if (namespace !== undefined && Object.hasOwn(commands, namespace)) {
    throw new Usage(
      `unknown command "${name}": "${namespace}" stands where the namespace should, try lanco <namespace> ${namespace}`,
    );
  }
  const { suggestion } = await import("./suggestion.ts");
  throw new Usage(`unknown command "${name}"${suggestion(name, Object.keys(table))}: see lanco -h`);
}
