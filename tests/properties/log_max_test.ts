import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Usage } from "../../src/cli/errors.ts";
import { LEAST_LOG, parseLogMax, stepOf } from "../../src/launch/log_max.ts";
import { formatDrops, parseDrops } from "../../src/task/drops.ts";
import { anyText, property, textOf, unless } from "./property.ts";

const parse = (text: string) => parseLogMax(text, "option --log-max");
const UNITS = { "": 1, k: 2 ** 10, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

property(
  "parseLogMax() reads a size of any unit, if a log may have it",
  fc.tuple(fc.nat(1_000_000), fc.constantFrom(...Object.keys(UNITS))),
  ([number, unit]) => {
    const bytes = number * UNITS[unit as keyof typeof UNITS];
    const good = bytes >= LEAST_LOG && bytes <= 2 ** 44;
    assertEquals(unless([Usage], () => parse(`${number}${unit}`)), good ? bytes : undefined);
  },
);

property(
  "parseLogMax() gives whole bytes, of which a step is a part, or says what it needs",
  fc.oneof(textOf("0123456789.kKMGTmax%e+- "), anyText),
  (text) => {
    const bytes = unless([Usage], () => parse(text));
    if (bytes === undefined) return;
    assert(bytes === Infinity ? text === "max" : Number.isSafeInteger(bytes) && bytes >= LEAST_LOG);
    assert(stepOf(bytes) % 65_536 === 0 && stepOf(bytes) >= 65_536 && stepOf(bytes) <= 2 ** 20);
  },
);

const counts = fc.record({
  removed: fc.nat(2 ** 50),
  hole: fc.nat(2 ** 50),
  cutting: fc.nat(2 ** 50),
});

property("parseDrops() reads what formatDrops() has written", counts, (drops) => {
  assertEquals(parseDrops(formatDrops("01m8m0fmpbg1ygyad9nry96fjh", drops)), drops);
});

property("parseDrops() gives nothing for what is forged, or natural numbers", anyText, (text) => {
  const drops = parseDrops(text);
  assert(drops === undefined || Object.values(drops).every(Number.isSafeInteger));
});
