import pool from "../../src/launch/shim/pool.sh" with { type: "text" };
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { startText } from "../../src/launch/shim/pool.ts";
import { batchProperty } from "./property.ts";
import { partOf, underEachShell } from "./shells.ts";

/** The shell's own way from a line to what it evaluates. */
const script = [
  partOf(pool, /^lanco_nl='\n'$/m),
  partOf(pool, /^while read .* lanco_text; do$/m),
  partOf(pool, /^ *eval "\$lanco_text"$/m),
  `printf '%s\\0' "$lanco_tag" "$lanco_fifo" "$lanco_staged" "$VALUE" "$#" "$@"\ndone`,
].join("\n");

const word = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  // Bytes from 0x81 to 0x88 are marks of dash's own; 0x01 and 0x7f are those of bash.
  fc.array(fc.constantFrom(..."ЁсDЃ\u0101\u0081\u0088\x01\x7f\ufeff'\"\\$`\n\r\t *~#;|&{"), {
    maxLength: 8,
  }).map((characters) => characters.join("")),
).map((text) => text.replaceAll(/\0|[\ud800-\udfff]/g, ""));

batchProperty(
  "the shim pool takes of a line what it was told, to the byte, under each shell",
  fc.tuple(word, fc.array(word, { maxLength: 5 })),
  async (batch) => {
    const text = new TextDecoder("utf-8", { ignoreBOM: true });
    const lines = batch.map(([value, words], i) =>
      `${i} /f${i} /r ${startText({ VALUE: value }, words)}`
    );
    const wanted = batch.flatMap(([value, words], i) => [
      ...[String(i), `/f${i}`, "/r", value, String(words.length)],
      ...words,
    ]).map((word) => `${word}\0`).join("");
    for (const locale of ["C", "C.UTF-8"]) {
      const options = { input: lines.join(""), locale };
      for (const [shell, output] of await underEachShell(script, [], options)) {
        assertEquals([shell, locale, text.decode(output)], [shell, locale, wanted]);
      }
    }
  },
  50,
);
