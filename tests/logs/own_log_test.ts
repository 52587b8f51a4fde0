import { assertEquals } from "@std/assert";
import { startOfLastLines } from "../../src/logs/own_log.ts";

function withFile(text: string, body: (file: Deno.FsFile) => void): void {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, text);
    using file = Deno.openSync(path);
    body(file);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("startOfLastLines() returns the offset at which the last lines begin", () => {
  const cases: [string, number, number][] = [
    ["", 5, 0],
    ["one\ntwo\nthree\n", 1, 8],
    ["one\ntwo\nthree\n", 2, 4],
    ["one\ntwo\nthree\n", 3, 0],
    ["one\ntwo\nthree\n", 9, 0],
    ["one\ntwo\nthree\n", 0, 14],
    ["one\ntwo", 1, 4],
    ["\n\n\n", 1, 2],
    ["\n\n\n", 2, 1],
  ];
  for (const [text, lines, start] of cases) {
    withFile(text, (file) => {
      assertEquals(startOfLastLines(file, lines), start, JSON.stringify([text, lines]));
    });
  }
});

Deno.test("startOfLastLines() finds lines that begin before the last block it reads", () => {
  const line = "x".repeat(999) + "\n";
  withFile(line.repeat(300), (file) => {
    for (const lines of [1, 65, 66, 131, 299]) {
      assertEquals(startOfLastLines(file, lines), (300 - lines) * 1000);
    }
  });
  withFile("x".repeat(300_000), (file) => assertEquals(startOfLastLines(file, 1), 0));
});
