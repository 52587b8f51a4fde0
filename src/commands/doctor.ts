import { collectFacts, diagnose, type Finding } from "../doctor/doctor.ts";
import { Usage } from "../errors.ts";

/** What `lanco doctor -h` prints. */
export const DOCTOR_HELP = `Usage: lanco doctor

Says what this host offers, and for what is missing: what is lost, and how to get
it. Exits with 1 if init would fail. As root it can also try a mount.

Examples:
  lanco doctor
  sudo lanco doctor | grep -v '^ok'
`;

/** The findings for people, a line each. */
export function renderFindings(findings: readonly Finding[]): string {
  return findings.map(({ level, text }) => `${level.padEnd(7)} ${text}\n`).join("");
}

/** Examines the host. Returns the exit status. */
export async function doctor(
  args: readonly string[],
  print: (text: string) => void,
): Promise<number> {
  if (args[0] === "-h" || args[0] === "--help") {
    print(DOCTOR_HELP);
    return 0;
  }
  if (args.length > 0) throw new Usage("doctor takes no operands");
  const findings = diagnose(await collectFacts());
  print(renderFindings(findings));
  return findings.some(({ level }) => level === "fatal") ? 1 : 0;
}
