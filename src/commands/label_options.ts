import { Usage } from "../cli/errors.ts";
import { type Option, pairs, parsePair, type Variable } from "../cli/options.ts";
import { printable } from "../cli/printable.ts";
import { type Labels, type WantedLabel, whyNotLabels } from "../task/labels.ts";

/** The option that gives a label to a run. */
export const LABEL: Option<Labels> = {
  spelling: "--label NAME=VALUE",
  about: "a label to select tasks by; may be repeated",
  takes: ["an object of texts", "object"],
  read(given, subject) {
    const labels = Object.fromEntries(pairs(given, subject, checkLabel));
    const problem = whyNotLabels(labels);
    if (problem !== undefined) throw new Usage(`${subject}: ${problem}`);
    return labels;
  },
};

/** The option that selects tasks by the labels of their runs. */
export const WITH_LABEL: Option<WantedLabel[]> = {
  spelling: "--label NAME[=VALUE]",
  about: "those with this label; if repeated, with all",
  takes: ["a list of texts", "texts"],
  read: (given, subject) => given.flat().map((text) => parseWanted(String(text), subject)),
};

function parseWanted(text: string, subject: string): WantedLabel {
  const hasValue = text.indexOf("=") > 0;
  const [name, value] = checkLabel(hasValue ? parsePair(text, subject) : [text, ""], subject);
  return hasValue ? { name, value } : { name };
}

/** Names and values are printable, so that they can be shown anywhere as they are. */
function checkLabel([name, value]: Variable, subject: string): Variable {
  const shown = printable(name.slice(0, 50));
  if (name === "" || name.includes("=")) {
    throw new Usage(
      `${subject}: "${shown}" cannot be the name of a label: it needs a character, and no "="`,
    );
  }
  if (printable(name) !== name || printable(value) !== value) {
    throw new Usage(`${subject}: the label "${shown}" has characters that cannot be printed`);
  }
  return [name, value];
}
