import { freezeCommand } from "./pause.ts";

export default freezeCommand(
  `Usage: lanco <namespace> resume task|pattern...
       lanco <namespace> resume --label NAME[=VALUE] | --all

Thaws paused tasks: their processes go on.

@OPTIONS@

Examples:
  lanco web resume import
  lanco web resume --all
`,
  false,
);
