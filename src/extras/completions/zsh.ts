import type { Operands } from "../../cli/request.ts";
import { type CompletedCommand, type CompletedOption, inPlace, SIGNAL_NAMES } from "./data.ts";
import SCRIPT from "./lanco.zsh" with { type: "text" };

/** The actions of _arguments that complete the values of options, by their kind. */
const ACTIONS = {
  file: "_files",
  directory: "_files -/",
  user: "_users",
  group: "_groups",
  signal: "_lanco_signals",
  run: "_lanco_runs",
  anything: "",
} as const;

const KNOWN_TASKS = ["*:task:_lanco_tasks known"];

/** The specs of _arguments that complete the operands of a command, where these are not known tasks. */
const OPERANDS: Partial<Record<Operands, readonly string[]>> = {
  "nothing": [],
  "words": [],
  "running tasks": ["*:task:_lanco_tasks running"],
  "tasks to stop": ["*:task:_lanco_tasks stop"],
  "signal": ["1:signal:_lanco_signals", "*:task:_lanco_tasks running"],
  "command": ["(-)1:task:_lanco_tasks known", "*:::command:_lanco_subcommand"],
};

/** Returns the completion script for zsh. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const described = (standalone: boolean) =>
    inPlace(commands, standalone)
      .map(({ name, description }) => `    ${quoted(`${name}:${escaped(description)}`)}\n`)
      .join("");
  const [lanco, ...rest] = commands;
  return SCRIPT
    .replace("    @STANDALONE@\n", () => described(true))
    .replace("    @NAMES@\n", () => described(false))
    .replace("@WORDS@", inPlace(commands, true).map(({ name }) => name).join(" "))
    .replace("@SIGNALS@", SIGNAL_NAMES.join(" "))
    .replace("@GLOBAL@", () => (lanco?.options ?? []).flatMap(specs).map(quoted).join(" "))
    .replace("    @COMMANDS@\n", () => rest.map(arm).join(""));
}

function arm({ name, standalone, options, operands, interleaved }: CompletedCommand): string {
  const all = [
    ...options.flatMap(specs),
    ...(typeof operands === "string"
      ? OPERANDS[operands] ?? KNOWN_TASKS
      : [`1:word:(${operands.join(" ")})`]),
  ];
  const first = interleaved ? "-s -S" : "-s -S -A '-*'";
  const lines = [first, ":", ...all.map(quoted)].join(" \\\n        ");
  return `    (${quoted(`${standalone ? "" : "- "}${name}`)})
      _arguments ${lines}
      ;;
`;
}

/** Returns a spec of _arguments for each spelling of an option. */
function specs({ spellings, value, optional, description }: CompletedOption): string[] {
  const others = spellings.length > 1 ? `(${spellings.join(" ")})` : "";
  return spellings.map((spelling) => {
    const long = spelling.startsWith("--");
    const sign = value !== undefined ? long ? "=" : "+" : optional ? long ? "=-" : "-" : "";
    const argument = value !== undefined
      ? `:${value}:${ACTIONS[value]}`
      : optional
      ? "::value: "
      : "";
    return `${others}${spelling}${sign}[${escaped(description)}]${argument}`;
  });
}

/** The text where _arguments and _describe look for colons and brackets. */
function escaped(text: string): string {
  return text.replaceAll(/[\\:[\]]/g, "\\$&");
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
