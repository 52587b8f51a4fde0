import type { CompletedCommand } from "../extras/completions/data.ts";
import { command, type CommandTables } from "../cli/command.ts";
import { Usage } from "../cli/errors.ts";

type Generator = (commands: readonly CompletedCommand[]) => string;

/** The generators of completion scripts, by shell. Their modules are loaded only when needed. */
export const SHELLS: Readonly<Record<string, () => Promise<Generator>>> = {
  bash: async () => (await import("../extras/completions/bash.ts")).bashCompletion,
  zsh: async () => (await import("../extras/completions/zsh.ts")).zshCompletion,
  fish: async () => (await import("../extras/completions/fish.ts")).fishCompletion,
};

/** Returns all commands, with their options and operands, as the generators need them. */
export async function collectCommands(tables: CommandTables): Promise<CompletedCommand[]> {
  const { describeAll } = await import("../extras/completions/data.ts");
  const { WORDS } = await import("./man.ts");
  return await describeAll(tables, {
    help: [...Object.keys(tables.commands), ...Object.keys(tables.standalone)],
    completions: Object.keys(SHELLS),
    man: WORDS,
  });
}

export default command({
  help: `Usage: lanco completions bash|zsh|fish

Prints a script by which a shell completes commands, options, namespaces and
tasks. Load it in the shell's start-up file, or put it where the shell looks:
  bash  /etc/bash_completion.d/lanco, with the package bash-completion
  zsh   /usr/local/share/zsh/site-functions/_lanco
  fish  /etc/fish/completions/lanco.fish

Examples:
  echo 'eval "$(lanco completions bash)"' >>~/.bashrc
  lanco completions fish >~/.config/fish/completions/lanco.fish
`,
  options: {},
  operands: "words",
  async run({ tables }, { words: [shell, ...more] }) {
    const choices = "bash, zsh or fish";
    if (shell === undefined || more.length > 0) throw new Usage(`which shell? Give ${choices}`);
    const load = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
    if (load === undefined) throw new Usage(`no completions for "${shell}": give ${choices}`);
    return { status: 0, output: (await load())(await collectCommands(tables)) };
  },
});
