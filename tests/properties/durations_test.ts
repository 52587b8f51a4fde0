import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseDuration } from "../../src/cli/durations.ts";
import { Usage } from "../../src/cli/errors.ts";
import { property, textOf, unless } from "./property.ts";

const BOUNDS = { min: 100, max: 86_400_000 };
const parse = (text: string) => parseDuration(text, "option --stop-timeout", BOUNDS);
const UNITS = { "": 1000, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

property(
  "parseDuration() reads a number of any unit, if it is within the bounds",
  fc.tuple(fc.nat(100_000), fc.nat(999), fc.constantFrom(...Object.keys(UNITS))),
  ([whole, thousandths, unit]) => {
    const text = `${whole}.${String(thousandths).padStart(3, "0")}${unit}`;
    const expected = Math.round(
      Number(`${whole}.${String(thousandths).padStart(3, "0")}`) *
        UNITS[unit as keyof typeof UNITS],
    );
    const isWithin = expected >= BOUNDS.min && expected <= BOUNDS.max;
    assertEquals(unless([Usage], () => parse(text)), isWithin ? expected : undefined);
  },
);

property(
  "parseDuration() gives whole milliseconds within the bounds, or says what it needs",
  textOf("0123456789.smhde+- "),
  (text) => {
    const duration = unless([Usage], () => parse(text));
    if (duration === undefined) return;
    assert(/^\d+(\.\d+)?[smhd]?$/.test(text));
    assert(Number.isInteger(duration) && duration >= BOUNDS.min && duration <= BOUNDS.max);
  },
);

Deno.test("parseDuration() says what is wrong", () => {
  const bad = [
    "-1",
    "0",
    "0s",
    "1e9",
    "5x",
    "",
    "s",
    "inf",
    "infinity",
    "1h30m",
    "2 h",
    "99d",
    "NaN",
  ];
  for (const text of [...bad, "9".repeat(400), "0.01"]) {
    assertThrows(
      () => parse(text),
      Usage,
      "option --stop-timeout needs a duration such as 90s, 15m or 2h, from 0.1s to 1d, not ",
    );
  }
  assertEquals(["90", "90s", "15m", "2h", "1d", "0.5s"].map(parse), [
    90_000,
    90_000,
    900_000,
    7_200_000,
    86_400_000,
    500,
  ]);
});
