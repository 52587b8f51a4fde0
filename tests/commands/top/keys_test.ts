import { assertEquals } from "@std/assert";
import { decodeKeys } from "../../../src/commands/top/keys.ts";

Deno.test("decodeKeys() returns characters, and names of keys without a character", () => {
  const cases: [string, string[]][] = [
    ["jé漢", ["j", "é", "漢"]],
    ["\x1b[A\x1bOB", ["up", "down"]],
    ["\x1b[5~\x1b[6~\x1b[H\x1b[4~", ["page up", "page down", "home", "end"]],
    ["\r\n\x7f\b", ["enter", "enter", "backspace", "backspace"]],
    ["\x03\x1a\x1c\x0c\x15", ["ctrl-c", "ctrl-z", "ctrl-\\", "ctrl-l", "ctrl-u"]],
    // Escape, then another key.
    ["\x1bq", ["escape", "q"]],
    // Keys without a name here: the letters of their sequences are not keys.
    ["\x1b[1;5A\x1b[3~\x1bOP\x1b[<0;1;1M\x00\x01x", ["x"]],
  ];
  for (const [input, keys] of cases) assertEquals(decodeKeys(input), { keys, rest: "" });
});

Deno.test("decodeKeys() joins sequences that arrive in parts", () => {
  const input = "a\x1b[A\x1b[6~b";
  for (let at = 0; at <= input.length; at++) {
    const first = decodeKeys(input.slice(0, at));
    const second = decodeKeys(first.rest + input.slice(at));
    assertEquals([...first.keys, ...second.keys], ["a", "up", "page down", "b"], String(at));
  }
});

Deno.test("decodeKeys() does not keep a sequence that is too long", () => {
  assertEquals(decodeKeys("\x1b[" + "1".repeat(100)).rest, "");
});

Deno.test("decodeKeys() leaves an unfinished sequence, which may be the Escape key", () => {
  assertEquals(decodeKeys("\x1b"), { keys: [], rest: "\x1b" });
});
