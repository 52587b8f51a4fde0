import { command } from "../cli/command.ts";
import { collectFacts, diagnose } from "../namespace/doctor.ts";
import { renderFindings } from "../show/findings.ts";

export default command({
  help: `Usage: lanco doctor

Reports what this host supports, and for each thing it lacks: what does not work
then, and how to get it. Exits with 1 if init would fail. As root, it also tries
to mount a named hierarchy.

Examples:
  lanco doctor
  sudo lanco doctor | grep -v '^ok'
`,
  options: {},
  operands: "nothing",
  async run() {
    const findings = diagnose(await collectFacts());
    const status = findings.some(({ level }) => level === "fatal") ? 1 : 0;
    return { status, output: renderFindings(findings) };
  },
});
