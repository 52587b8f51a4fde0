import type { Finding } from "../namespace/doctor.ts";

/** What was found of a host, for people, a line each. */
export function renderFindings(findings: readonly Finding[]): string {
  return findings.map(({ level, text }) => `${level.padEnd(7)} ${text}\n`).join("");
}
