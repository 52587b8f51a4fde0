import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Usage } from "../../src/cli/errors.ts";
import { select } from "../../src/commands/selection_options.ts";
import { anyArgument, property, textOf } from "./property.ts";

const ALL = { running: true, finished: true };
const names = textOf("abcXYZ019._-", 20)
  .map((name) => name.replaceAll(/[^\w.-]/g, "_").replace(/^[.-]*/, "") || "x");

function selected(...patterns: string[]) {
  return select({ running: false, finished: false, all: false, label: [], patterns }, ALL);
}

property(
  "select() finds a task by its whole name",
  fc.tuple(names, names),
  ([name, other]) => {
    const selection = selected(name);
    assertEquals(selection.matches(name), true);
    assertEquals(selection.matches(other), name === other);
  },
);

property(
  "select() finds a task by the beginning and the end of its name",
  fc.tuple(names, names),
  ([begin, end]) => {
    const selection = selected(`${begin}*${end}`);
    assertEquals(selection.matches(`${begin}-${end}`), true);
    assertEquals(selection.matches(`${begin}${end}`), true);
  },
);

property(
  "select() takes any pattern, or calls it wrong usage",
  fc.tuple(fc.oneof(textOf("*?[]!-^{},()\\|@+abz.", 12), anyArgument), names),
  ([pattern, name]) => {
    try {
      assertEquals(typeof selected(pattern).matches(name), "boolean");
    } catch (error) {
      if (!(error instanceof Usage)) throw error;
    }
  },
);
