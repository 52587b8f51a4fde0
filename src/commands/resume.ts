import { freezeCommand } from "./pause.ts";

export default freezeCommand(
  `Usage: lanco <namespace> resume task...

Thaws paused tasks: their processes go on.

Examples:
  lanco web resume import
  lanco web resume import export
`,
  false,
);
