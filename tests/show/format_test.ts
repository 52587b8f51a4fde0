import { assertEquals } from "@std/assert";
import { formatBytes, formatDuration } from "../../src/show/format.ts";

Deno.test("formatBytes() has a unit and at most three digits before it", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1536, "1.5 KiB"],
    [100 * 1024 ** 2, "100 MiB"],
    [5 * 1024 ** 4, "5.0 TiB"],
  ];
  for (const [bytes, text] of cases) assertEquals(formatBytes(bytes), text);
});

Deno.test("formatDuration() has two units at most", () => {
  const cases: [number, string][] = [
    [350, "350 ms"],
    [4200, "4.2 s"],
    [61_000, "1 min 1 s"],
    [3_600_000 * 1.2, "1 h 12 min"],
    [3_600_000 * 76, "3 d 4 h"],
  ];
  for (const [milliseconds, text] of cases) assertEquals(formatDuration(milliseconds), text);
});
