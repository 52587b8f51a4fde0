import { assertEquals } from "@std/assert";
import { gauge, plainTable, shortBytes, shortDuration, type Style } from "../../src/show/table.ts";
import { TASKS } from "../commands/top/fixture.ts";

const PLAIN: Style = { colour: false, unicode: true };
const ASCII: Style = { colour: false, unicode: false };

Deno.test("gauge() is full at 1, and has eighths of a column where there is Unicode", () => {
  assertEquals(gauge(0, 4, PLAIN), "    ");
  assertEquals(gauge(0.4, 4, PLAIN), "█▋  ");
  assertEquals(gauge(7, 4, PLAIN), "████");
  assertEquals(gauge(0.4, 4, ASCII), "##  ");
  assertEquals(gauge(NaN, 4, PLAIN).length <= 4, true);
});

Deno.test("sizes and durations take at most six columns", () => {
  const sizes: [number, string][] = [
    [0, "0B"],
    [999, "999B"],
    [1023, "1.0K"],
    [1536, "1.5K"],
    [1024 ** 2 * 999, "999M"],
    [1024 ** 3 * 15.6, "16G"],
  ];
  for (const [bytes, text] of sizes) assertEquals(shortBytes(bytes), text);
  const times: [number, string][] = [
    [-5, "0.0s"],
    [4249, "4.2s"],
    [59_949, "59.9s"],
    [59_950, "1m00s"],
    [119_900, "2m00s"],
    [3_599_000, "59m59s"],
    [3_599_900, "1h00m"],
    [4_320_000, "1h12m"],
    [187_200_000, "2d04h"],
    [86_400_000 * 400, "400d"],
  ];
  for (const [milliseconds, text] of times) assertEquals(shortDuration(milliseconds), text);
});

Deno.test("plainTable() has every column, aligned, and does not shorten names", () => {
  const view = { cpus: 4, stopping: new Set<string>(), style: PLAIN };
  assertEquals(
    "\n" + plainTable(TASKS, view),
    `
NAME                         STATE   PROCS  CPU% MEMORY LIMIT  TIME   AGE COMMAND
export                       running     1  50.0   300M  512M 1m38s 2h07m ./export --to s3://bucket --all --verbose
import                       running    12 131.3   1.5G     -  4.2s 1m00s sleep 1000
nightly-backup-of-everything paused      1   0.0   1.0M     -  0.0s 3d00h sleep 1000
`,
  );
  assertEquals(
    plainTable([], view),
    "NAME STATE PROCS CPU% MEMORY LIMIT TIME AGE COMMAND\n",
  );
});
