import type { Finding } from "../namespace/doctor.ts";

/** Renders the findings of `doctor` as text, a line each. */
export function renderFindings(findings: readonly Finding[]): string {
  return findings.map(({ level, text }) => `${level.padEnd(7)} ${text}\n`).join("");
}
