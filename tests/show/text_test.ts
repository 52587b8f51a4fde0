import { assertEquals } from "@std/assert";
import { clean, cut, fit, width } from "../../src/show/text.ts";

Deno.test("clean() removes escape sequences and control characters", () => {
  const cases: [string, string][] = [
    ["plain", "plain"],
    ["\x1b[31mred\x1b[0m", "red"],
    ["\x1b]0;title\x07text", "text"],
    ["\x1b]0;title\x1b\\text", "text"],
    ["\x1bPq#0\x1b\\x", "x"],
    ["\x1b(0lines", "lines"],
    ["\x1b[2J\x1b[1;1Hhome", "home"],
    ["never ended \x1b[", "never ended "],
    ["never ended \x1b]0;title", "never ended "],
    ["a\nb\rc\x07d\x7fe", "a b c d e"],
    ["\x9b31mC1", " 31mC1"],
    ["turned \u202eround", "turned round"],
    ["zero\u200bwidth\ufeff", "zerowidth"],
    ["a" + "\u0301".repeat(50), "a\u0301\u0301"],
  ];
  for (const [text, shown] of cases) assertEquals(clean(text, true), shown);
});

Deno.test("clean() expands tabs", () => {
  assertEquals(clean("a\tb\tc", true), "a       b       c");
  assertEquals(clean("12345678\tx", true), "12345678        x");
});

Deno.test("clean() replaces characters beyond ASCII by question marks for an ASCII terminal", () => {
  assertEquals(clean("naïve 漢 😀", true), "naïve 漢 😀");
  assertEquals(clean("naïve 漢 😀", false), "na?ve ? ?");
});

Deno.test("width() counts two columns for wide characters, and none for combining accents", () => {
  const cases: [string, number][] = [["abc", 3], ["é", 1], ["e\u0301", 1], ["漢字", 4], ["😀", 2]];
  for (const [text, columns] of cases) assertEquals(width(text), columns, text);
});

Deno.test("cut() never cuts a wide character in two", () => {
  assertEquals(cut("漢字", 3), "漢");
  assertEquals(cut("abc", 2), "ab");
  assertEquals(cut("abc", -1), "");
});

Deno.test("fit() pads or shortens a text to exactly the given columns", () => {
  assertEquals(fit("ab", 4), "ab  ");
  assertEquals(fit("ab", 4, { right: true }), "  ab");
  assertEquals(fit("abcdef", 4), "abc…");
  assertEquals(fit("abcdef", 4, { unicode: false }), "abc~");
  assertEquals(fit("漢字漢字", 4), "漢… ");
  assertEquals(fit("abc", 0), "");
  const middle = (text: string, columns: number) => fit(text, columns, { middle: true });
  assertEquals(middle("import-customer-0042", 15), "import-…er-0042");
  assertEquals(["abcdef", "abc"].map((text) => middle(text, 4)), ["ab…f", "abc "]);
  assertEquals([3, 2, 1, 0].map((columns) => middle("abcdef", columns)), ["a…f", "a…", "…", ""]);
  assertEquals(middle("漢字漢字", 6), "漢…字 ");
});
