/** Runs shells to complete a line, and reads the words that they offer. */

import { bashCompletion } from "../../../src/extras/completions/bash.ts";
import type { CompletedCommand } from "../../../src/extras/completions/data.ts";
import { fishCompletion } from "../../../src/extras/completions/fish.ts";
import { zshCompletion } from "../../../src/extras/completions/zsh.ts";

/** Returns the sorted words that complete a line. The prologue is run before the script. */
export type Shell = (
  commands: readonly CompletedCommand[],
  line: string,
  prologue?: string,
) => Promise<string[]>;

const BASH_COMPLETION = "/usr/share/bash-completion/bash_completion";

async function offered(
  script: string,
  command: (directory: string) => string[],
): Promise<string[]> {
  const directory = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${directory}/script`, script);
    Deno.writeTextFileSync(`${directory}/offered`, "");
    const [program = "", ...args] = command(directory);
    const { stdout, stderr } = await new Deno.Command("timeout", {
      args: ["60", program, ...args],
      // The shells must not read anybody's settings.
      env: { HOME: directory, XDG_CONFIG_HOME: directory, TERM: "dumb" },
      cwd: directory,
    }).output();
    const text = new TextDecoder();
    if (text.decode(stderr) !== "") throw new Error(text.decode(stderr));
    const lines = text.decode(stdout) + Deno.readTextFileSync(`${directory}/offered`);
    const words = lines.split("\n").map((line) => line.split("\t")[0] ?? "");
    return words.filter((word) => word !== "").sort();
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

const HERE = new URL(".", import.meta.url).pathname;

function bash(bashCompletionPackage: string): Shell {
  return (commands, line, prologue = "") =>
    offered(prologue + bashCompletion(commands), (directory) => [
      "bash",
      "--norc",
      `${HERE}bash.sh`,
      `${directory}/script`,
      bashCompletionPackage,
      // Split into words as readline does it.
      ...line.replaceAll("=", " = ").split(" ").filter((word, i, all) =>
        word !== "" || i === all.length - 1
      ),
    ]);
}

/** The shells that lanĉo has completions for, by the names for tests. */
export const SHELLS: Readonly<Record<string, Shell>> = {
  "bash": bash(""),
  "bash with bash-completion": bash(BASH_COMPLETION),
  "zsh": (commands, line, prologue = "") =>
    offered(
      prologue + zshCompletion(commands),
      (directory) => [
        "zsh",
        "-f",
        `${HERE}zsh.zsh`,
        `${directory}/script`,
        line,
        `${directory}/offered`,
      ],
    ),
  "fish": (commands, line, prologue = "") =>
    offered(
      prologue + fishCompletion(commands),
      (directory) => [
        "fish",
        "--no-config",
        "-c",
        'source $argv[1]; complete -C "$argv[2]"',
        `${directory}/script`,
        line,
      ],
    ),
};
