import { command } from "../cli/command.ts";
import { reason } from "../cli/errors.ts";
import { flag } from "../cli/options.ts";
import { namespaces, readNamespace } from "../namespace/namespace.ts";

export default command({
  help: `Usage: lanco namespaces [-l]

Lists the namespaces of this host, a line each.

@OPTIONS@

Examples:
  lanco namespaces
  for ns in $(lanco namespaces); do lanco -- "$ns" ls; done
`,
  options: {
    long: flag("-l, --long", "show also the owner of each, and what keeps it"),
  },
  operands: "nothing",
  async run(_context, { long }) {
    const names = await namespaces();
    if (!long) return { status: 0, output: names.map((name) => `${name}\n`).join("") };
    const rows = [["NAMESPACE", "OWNER", "KEEPER"], ...names.map(row)];
    const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    const lines = rows.map((row) => row.map((text, i) => text.padEnd(widths[i] ?? 0)).join("  "));
    return { status: 0, output: lines.map((line) => `${line}\n`).join("") };
  },
});

/** The columns of a namespace. */
function row(name: string): string[] {
  try {
    const { owner, keeper = "named" } = readNamespace(name);
    return [name, owner, keeper];
  } catch (error) {
    // It has been released meanwhile, or another version has made it.
    return [name, "-", reason(error)];
  }
}
