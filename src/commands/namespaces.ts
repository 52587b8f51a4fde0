import { command } from "../cli/command.ts";
import { namespaces } from "../namespace/namespace.ts";

export default command({
  help: `Usage: lanco namespaces

Lists the namespaces of this host, a line each.

Examples:
  lanco namespaces
  for ns in $(lanco namespaces); do lanco -- "$ns" ls; done
`,
  options: {},
  operands: "nothing",
  async run() {
    return { status: 0, output: (await namespaces()).map((name) => `${name}\n`).join("") };
  },
});
