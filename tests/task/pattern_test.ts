import { assertEquals, assertThrows } from "@std/assert";
import { Usage } from "../../src/cli/errors.ts";
import { compilePattern } from "../../src/task/pattern.ts";

Deno.test("compilePattern() treats *, ? and […] as a shell does", () => {
  const names = ["a", "b", "ab", "abc", "a-c", "a.c", "A"];
  const cases: [string, string[]][] = [
    ["*", names],
    ["**", names],
    ["?", ["a", "b", "A"]],
    ["a*", ["a", "ab", "abc", "a-c", "a.c"]],
    ["*c", ["abc", "a-c", "a.c"]],
    ["a?c", ["abc", "a-c", "a.c"]],
    ["a[b-]c", ["abc", "a-c"]],
    ["a[!b]c", ["a-c", "a.c"]],
    ["a[^b]c", ["a-c", "a.c"]],
    ["[a-b]", ["a", "b"]],
    ["[]a]", ["a"]],
    ["[!]a]", ["b", "A"]],
    ["a.c", ["a.c"]],
    ["a+", []],
    ["", []],
  ];
  for (const [pattern, matching] of cases) {
    assertEquals(names.filter(compilePattern(pattern)), matching, pattern);
  }
});

Deno.test("compilePattern() refuses malformed patterns, and those that only some shells know", () => {
  const cases: [string, string][] = [
    ["[z-a]", "must not go backwards"],
    ["[a", 'a "]" is missing'],
    ["[]", 'a "]" is missing'],
    ["[[:digit:]]", "there are no classes such as [:digit:]"],
    ["+(a)", "only *, ? and […] have a meaning"],
    ["{a,b}", "only *, ? and […] have a meaning"],
    ["\\*", "only *, ? and […] have a meaning"],
  ];
  for (const [pattern, why] of cases) assertThrows(() => compilePattern(pattern), Usage, why);
});

/** A name that counts how many of its characters are read. */
function* counted(name: string, looked: { at: number }): Generator<string> {
  for (const character of name) {
    looked.at++;
    yield character;
  }
}

Deno.test("compilePattern() makes a function that reads each character of a name once", () => {
  const name = "a".repeat(200);
  const patterns = ["*a".repeat(100) + "b", "*" + "a".repeat(199) + "b", "*?".repeat(5000), "*a*"];
  const matches = patterns.map((pattern) => {
    const looked = { at: 0 };
    const isMatching = compilePattern(pattern)(counted(name, looked));
    assertEquals(looked.at <= name.length, true, `${pattern}: ${looked.at}`);
    return isMatching;
  });
  assertEquals(matches, [false, false, false, true]);
});
