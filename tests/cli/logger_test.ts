import { assertEquals } from "@std/assert";
import { timestamp } from "../../src/cli/timestamp.ts";
import { createLogger } from "../../src/cli/logger.ts";

function shown(verbosity: number, tokens: string[] = [], colours = false): string[] {
  const lines: string[] = [];
  const logger = createLogger("run", {
    verbosity,
    tokens,
    colours,
    write: (line) => lines.push(line),
  });
  logger.debug("d");
  logger.info("i");
  logger.warn("w");
  logger.error("e");
  return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d /, ""));
}

Deno.test("createLogger() prints level and token before a message, as the first lanĉo did", () => {
  assertEquals(shown(0), ["[WARN/run] w", "[ERROR/run] e"]);
});

Deno.test("createLogger() prints information with -d, and debugging messages with -dd", () => {
  assertEquals(shown(1), ["[INFO/run] i", "[WARN/run] w", "[ERROR/run] e"]);
  assertEquals(shown(2).length, 4);
  assertEquals(shown(3).length, 4);
});

Deno.test("createLogger() limits debugging messages, and only those, to the tokens", () => {
  assertEquals(shown(2, ["stop"]), ["[INFO/run] i", "[WARN/run] w", "[ERROR/run] e"]);
  assertEquals(shown(2, ["stop", "run"]).length, 4);
});

Deno.test("createLogger() colours messages when colours are asked for", () => {
  const coloured = shown(0, [], true);
  assertEquals(coloured.every((line) => line.includes("\x1b[")), !Deno.noColor);
});

Deno.test("timestamp() formats local time to the second", () => {
  assertEquals(timestamp(new Date(2013, 5, 9, 2, 5, 4)), "2013-06-09T02:05:04");
});
