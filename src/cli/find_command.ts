import type { Command, CommandTables } from "./command.ts";
import { Usage } from "./errors.ts";

/**
 * Loads a command by its name.
 *
 * @param namespace The namespace before the name, if there was one. A command that works in no
 * namespace is not found then.
 * @throws {Usage} if there is no such command; the message suggests a similar name.
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
