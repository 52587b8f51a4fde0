import { toStandardOutput } from "../cli/standard_output.ts";

/** Leaves the alternate screen, and shows the cursor: xterm's ctlseqs. */
const LEAVE = "\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l";

/** The mode of root's terminal before a process that may be killed changes it. */
export class SavedTerminal {
  private constructor(private readonly mode: string) {}

  /** Saves the mode of the terminal on standard input, if there is one. */
  static save(): SavedTerminal {
    return new SavedTerminal(Deno.stdin.isTerminal() ? stty("-g").trim() : "");
  }

  /** Restores the mode and the screen. */
  restore(): void {
    if (this.mode === "") return;
    stty(this.mode);
    try {
      toStandardOutput(LEAVE, "lines");
    } catch {
      // The terminal has hung up.
    }
  }
}

/** Runs stty(1) on standard input. Returns its output; empty if it fails. */
function stty(argument: string): string {
  try {
    const { success, stdout } = new Deno.Command("/usr/bin/stty", {
      args: [argument],
      cwd: "/",
      clearEnv: true,
      stdin: "inherit",
      stderr: "null",
    }).outputSync();
    return success ? new TextDecoder().decode(stdout) : "";
  } catch {
    return "";
  }
}
