import { assertEquals } from "@std/assert";
import { distance, nearest, suggestion } from "../../src/cli/suggestion.ts";

Deno.test("distance() counts letters added, dropped, replaced and swapped", () => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["stop", "stop", 0],
    ["", "ls", 2],
    ["sto", "stop", 1],
    ["stoop", "stop", 1],
    ["step", "stop", 1],
    ["sotp", "stop", 1],
    ["kitten", "sitting", 3],
  ];
  for (const [a, b, far] of cases) {
    assertEquals([distance(a, b), distance(b, a)], [far, far], `${a} ${b}`);
  }
});

Deno.test("nearest() returns the most similar word, and undefined if none is similar", () => {
  const names = ["run", "start", "stop", "status", "check", "ls"];
  assertEquals(nearest("stp", names), "stop");
  assertEquals(nearest("statsu", names), "status");
  assertEquals(nearest("RUN", names), "run");
  assertEquals(nearest("sl", names), "ls");
  assertEquals(nearest("frobnicate", names), undefined);
  assertEquals(nearest("run", []), undefined);
});

Deno.test("suggestion() returns the end of a message, or an empty text", () => {
  assertEquals(suggestion("chekc", ["check"]), ', did you mean "check"?');
  assertEquals(suggestion("frobnicate", ["check"]), "");
});
