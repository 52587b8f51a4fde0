import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatRecord } from "../../src/cli/logger.ts";
import { printable } from "../../src/cli/printable.ts";
import { printableJson } from "../../src/show/render.ts";
import { parseStop } from "../../src/task/record.ts";
import { anyText, property } from "./property.ts";

/** By the properties that Unicode itself gives to characters. */
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** Halves of surrogate pairs, too. */
const texts = fc.oneof(
  anyText,
  fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: fc.integer({ min: 0x2000, max: 0x2070 }).map((c) => String.fromCharCode(c)) }),
  fc.string({ unit: fc.nat(0xff).map((code) => String.fromCharCode(code)) }),
);

property("printable() leaves nothing that acts on a terminal, and all else", texts, (text) => {
  const shown = printable(text);
  assert(!HARMFUL.test(shown), JSON.stringify(shown));
  assertEquals(shown.length, text.length);
  for (let i = 0; i < text.length; i++) {
    assert(shown[i] === text[i] || (HARMFUL.test(text.charAt(i)) && shown[i] === " "));
  }
  assertEquals(printable(shown), shown);
});

const values = fc.oneof(
  fc.jsonValue({ stringUnit: "binary" }),
  texts,
  fc.dictionary(texts, fc.oneof(texts, fc.array(texts))),
);

property("printableJson() is the same value in one line of printable text", values, (value) => {
  const json = printableJson(value);
  assert(!HARMFUL.test(json), json);
  assertEquals(JSON.stringify(JSON.parse(json)), JSON.stringify(value));
});

property("a message is one printable line, whatever it is about", texts, (msg) => {
  const datetime = new Date(0);
  const line = formatRecord({ datetime, levelName: "WARN", loggerName: "run", msg } as never);
  assert(!HARMFUL.test(line), JSON.stringify(line));
});

property("who has stopped a task is printable, whatever is written down", texts, (by) => {
  const stop = parseStop(JSON.stringify({ by, signal: "SIGTERM", at: 1 }));
  assert(stop !== undefined && !HARMFUL.test(stop.by), JSON.stringify(stop));
});
