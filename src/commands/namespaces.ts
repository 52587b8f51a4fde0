import type { Command } from "../cli/context.ts";
import { Usage } from "../cli/errors.ts";
import { namespaces } from "../namespace/namespace.ts";

const command: Command = {
  help: `Usage: lanco namespaces

Lists the namespaces of this host, a line each.

Examples:
  lanco namespaces
  for ns in $(lanco namespaces); do lanco -- "$ns" ls; done
`,
  options: { interleaved: true },
  operands: "nothing",
  async run(context, { operands }) {
    if (operands.length > 0) throw new Usage("namespaces takes no operands");
    for (const name of await namespaces()) context.print(`${name}\n`);
    return 0;
  },
};

export default command;
