import type { Command } from "../cli/context.ts";
import { collectFacts, diagnose, type Finding } from "../namespace/doctor.ts";
import { Usage } from "../cli/errors.ts";

/** The findings for people, a line each. */
export function renderFindings(findings: readonly Finding[]): string {
  return findings.map(({ level, text }) => `${level.padEnd(7)} ${text}\n`).join("");
}

const doctor: Command = {
  help: `Usage: lanco doctor

Says what this host offers, and for what is missing: what is lost, and how to get
it. Exits with 1 if init would fail. As root it can also try a mount.

Examples:
  lanco doctor
  sudo lanco doctor | grep -v '^ok'
`,
  options: { interleaved: true },
  operands: "nothing",
  async run(context, { operands }) {
    if (operands.length > 0) throw new Usage("doctor takes no operands");
    const findings = diagnose(await collectFacts());
    context.print(renderFindings(findings));
    return findings.some(({ level }) => level === "fatal") ? 1 : 0;
  },
};

export default doctor;
