import { command } from "../cli/command.ts";
import { Usage } from "../cli/errors.ts";
import { findCommand } from "../cli/find_command.ts";
import { HELP } from "../cli/help.ts";
import { renderHelp } from "../show/help.ts";

export default command({
  help: `Usage: lanco help [command]

Explains lanco, or one of its commands.

Examples:
  lanco help
  lanco help run
`,
  options: {},
  operands: "words",
  async run({ tables }, { words: [name, ...more] }) {
    if (more.length > 0) throw new Usage("help takes one command at most");
    const output = name === undefined ? HELP : renderHelp(await findCommand(tables, name));
    return { status: 0, output };
  },
});
