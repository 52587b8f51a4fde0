import { type CompletedCommand, inPlace, SIGNAL_NAMES } from "./data.ts";
import SCRIPT from "./lanco.bash" with { type: "text" };

/** Returns the completion script for bash. Names and kinds are plain words, and need no quotes. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const names = (standalone: boolean) =>
    inPlace(commands, standalone).map(({ name }) => name).join(" ");
  return SCRIPT
    .replace("@STANDALONE@", names(true))
    .replace("@NAMES@", names(false))
    .replace("@SIGNALS@", SIGNAL_NAMES.join(" "))
    .replace("    @COMMANDS@\n", () => commands.map(arm).join(""));
}

function arm({ name, standalone, options, operands, interleaved }: CompletedCommand): string {
  const offered = options.flatMap(({ spellings }) => spellings).join(" ");
  const values = options.flatMap(({ spellings, value }) =>
    value === undefined ? [] : spellings.map((spelling) => `${spelling}:${value}`)
  );
  const list = typeof operands === "string" ? operands : `words ${operands.join(" ")}`;
  const word = name === "" ? "first" : list;
  return `    "${standalone ? "" : "- "}${name}")
      options="${offered}"
      values=" ${values.join(" ")} "
      operands="${word}" interleaved=${interleaved ? "yes" : "no"}
      ;;
`;
}
