import type { Command } from "../cli/context.ts";
import { Usage } from "../cli/errors.ts";
import { HELP } from "../cli/help.ts";
import { find } from "../cli/find.ts";

const help: Command = {
  help: `Usage: lanco help [command]

Explains lanco, or one of its commands.

Examples:
  lanco help
  lanco help run
`,
  options: { interleaved: true },
  operands: "nothing",
  async run(context, { operands: [name, ...more] }) {
    if (more.length > 0) throw new Usage("help takes one command at most");
    context.print(name === undefined ? HELP : (await find(context.tables, name)).help);
    return 0;
  },
};

export default help;
