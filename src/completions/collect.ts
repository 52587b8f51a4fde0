import { COMMANDS, STANDALONE } from "../commands/mod.ts";
import { type CompletedCommand, describeCommand, GLOBAL } from "./data.ts";

/** Loads every command and describes it for the shells; lanĉo itself comes first. */
export async function collectCommands(): Promise<CompletedCommand[]> {
  const { SHELLS } = await import("../commands/completions.ts");
  const { TOPICS } = await import("../commands/man.ts");
  // The operands of these are words of their own.
  const words: Readonly<Record<string, readonly string[]>> = {
    help: [...Object.keys(COMMANDS), ...Object.keys(STANDALONE)],
    completions: Object.keys(SHELLS),
    man: Object.keys(TOPICS),
  };
  const commands = [describeCommand("", GLOBAL)];
  for (const [name, load] of Object.entries(COMMANDS)) {
    commands.push(describeCommand(name, (await load()).default));
  }
  for (const [name, load] of Object.entries(STANDALONE)) {
    const own = words[name];
    const more = own === undefined ? {} : { words: own };
    commands.push(describeCommand(name, (await load()).default, { standalone: true, ...more }));
  }
  return commands;
}
