import type { CompletedCommand } from "../completions/data.ts";
import type { Command } from "../context.ts";
import { Usage } from "../errors.ts";

type Generator = (commands: readonly CompletedCommand[]) => string;

/** What writes the completion script of a shell, loaded when it is asked for. */
export const SHELLS: Readonly<Record<string, () => Promise<Generator>>> = {
  bash: async () => (await import("../completions/bash.ts")).bashCompletion,
  zsh: async () => (await import("../completions/zsh.ts")).zshCompletion,
  fish: async () => (await import("../completions/fish.ts")).fishCompletion,
};

const command: Command = {
  help: `Usage: lanco completions bash|zsh|fish

Prints what makes a shell complete commands, options, namespaces and tasks. Load it
in the shell's start-up file, or put it where the shell looks:
  bash  /etc/bash_completion.d/lanco, with the package bash-completion
  zsh   /usr/local/share/zsh/site-functions/_lanco
  fish  /etc/fish/completions/lanco.fish

Examples:
  echo 'eval "$(lanco completions bash)"' >>~/.bashrc
  lanco completions fish >~/.config/fish/completions/lanco.fish
`,
  options: { interleaved: true },
  operands: "nothing",
  async run(context, { operands: [shell, ...more] }) {
    const choices = "bash, zsh or fish";
    if (shell === undefined || more.length > 0) throw new Usage(`which shell? Give ${choices}`);
    const load = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
    if (load === undefined) throw new Usage(`no completions for "${shell}": give ${choices}`);
    const { collectCommands } = await import("../completions/collect.ts");
    context.print((await load())(await collectCommands()));
    return 0;
  },
};

export default command;
