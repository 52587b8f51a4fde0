import type { Command } from "../context.ts";
import { Usage } from "../errors.ts";
import { HELP } from "../help.ts";
import { find } from "./find.ts";

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
    context.print(name === undefined ? HELP : (await find(name)).help);
    return 0;
  },
};

export default help;
