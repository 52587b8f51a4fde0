import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { compilePattern } from "../../src/task/pattern.ts";
import { property } from "./property.ts";

/** A part of a pattern: as it is written, and which characters it stands for; a star has none. */
interface Part {
  text: string;
  accepts?: (character: string) => boolean;
}

const LETTERS = "ab-.";
const letter = fc.constantFrom(...LETTERS);

const part: fc.Arbitrary<Part> = fc.oneof(
  { weight: 3, arbitrary: letter.map((text) => ({ text, accepts: (c: string) => c === text })) },
  { weight: 3, arbitrary: fc.constant({ text: "*" }) },
  fc.constant({ text: "?", accepts: () => true }),
  fc.tuple(fc.boolean(), fc.array(fc.constantFrom("a", "b", "."), { minLength: 1 })).map(
    ([isNegated, members]) => ({
      text: `[${isNegated ? "!" : ""}${members.join("")}]`,
      accepts: (c: string) => members.some((member) => member === c) !== isNegated,
    }),
  ),
  fc.constantFrom<Part>(
    { text: "[a-b]", accepts: (c) => c === "a" || c === "b" },
    { text: "[^a-b]", accepts: (c) => c !== "a" && c !== "b" },
    { text: "[]-]", accepts: (c) => c === "-" },
  ),
);

/** Whether the parts match the name: by trying all that a star can stand for. */
function matches(parts: readonly Part[], name: string): boolean {
  const [first, ...rest] = parts;
  if (first === undefined) return name === "";
  if (first.accepts !== undefined) {
    return name !== "" && first.accepts(name[0] ?? "") && matches(rest, name.slice(1));
  }
  for (let taken = 0; taken <= name.length; taken++) {
    if (matches(rest, name.slice(taken))) return true;
  }
  return false;
}

const names = fc.string({ unit: letter, maxLength: 8 });
const patterns = fc.array(part, { maxLength: 7 });

property(
  "a pattern matches what it matches when all is tried",
  fc.tuple(patterns, fc.array(names, { minLength: 1, maxLength: 5 })),
  ([parts, tried]) => {
    const compiled = compilePattern(parts.map(({ text }) => text).join(""));
    for (const name of tried) assertEquals(compiled(name), matches(parts, name), name);
  },
);

property(
  "a pattern matches each name that it was made of",
  fc.array(fc.tuple(part, names), { maxLength: 7 }),
  (pairs) => {
    const parts = pairs.map(([each]) => each);
    const name = pairs.map(([{ accepts }, text]) =>
      accepts === undefined ? text : [...LETTERS].find(accepts) ?? ""
    ).join("");
    const compiled = compilePattern(parts.map(({ text }) => text).join(""));
    assertEquals(compiled(name), true, name);
  },
);
