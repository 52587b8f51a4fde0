import { type CompletedCommand, inPlace, SIGNAL_NAMES } from "./data.ts";
import SCRIPT from "./lanco.fish" with { type: "text" };

/** Returns the completion script for fish. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const described = (standalone: boolean) =>
    inPlace(commands, standalone)
      .map(({ name, description }) => `        ${word(name)} ${word(description)}`)
      .join(" \\\n");
  return SCRIPT
    .replace("        @STANDALONE@", () => described(true))
    .replace("        @NAMES@", () => described(false))
    .replace("@WORDS@", inPlace(commands, true).map(({ name }) => name).join(" "))
    .replace("@SIGNALS@", SIGNAL_NAMES.join(" "))
    .replace("        @COMMANDS@\n", () => commands.map(arm).join(""));
}

function arm({ name, standalone, options, operands, interleaved }: CompletedCommand): string {
  const offered = options.flatMap(({ spellings, description }) =>
    spellings.map((spelling) => ` \\\n                ${spelling} ${word(description)}`)
  );
  const values = options.flatMap(({ spellings, value }) =>
    value === undefined ? [] : spellings.map((spelling) => ` ${spelling}:${value}`)
  );
  const list = typeof operands === "string" ? word(operands) : `words ${operands.join(" ")}`;
  return `        case ${word(standalone ? name : `- ${name}`)}
            set -g __lanco_options${offered.join("")}
            set -g __lanco_values${values.join("")}
            set -g __lanco_operands ${name === "" ? "first" : list}
            set -g __lanco_interleaved ${interleaved ? "yes" : "no"}
`;
}

/** Quotes a text for fish. */
function word(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
