import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { splitLines } from "../../src/cli/split_lines.ts";
import { parseLine } from "../../src/commands/batch/request_line.ts";
import { Usage } from "../../src/cli/errors.ts";
import { anyText, property, textOf } from "./property.ts";

const requests = fc.record({
  id: fc.jsonValue(),
  command: anyText,
  args: fc.array(anyText),
}, { requiredKeys: ["command"] });

property("parseLine() reads what a line asks for", requests, (request) => {
  const expected = { id: null, args: [], fields: {}, ...request };
  assertEquals(parseLine(JSON.stringify(request)), JSON.parse(JSON.stringify(expected)));
});

const wrong = fc.oneof(
  fc.json(),
  anyText,
  textOf('{}[],:"commandargsid0123 null', 40),
  fc.record({ id: fc.jsonValue(), command: fc.jsonValue(), args: fc.jsonValue() }, {
    requiredKeys: [],
  }).map((value) => JSON.stringify(value)),
  fc.array(fc.oneof(anyText, fc.jsonValue())).map((args) =>
    JSON.stringify({ command: "run", args })
  ),
);

property("parseLine() refuses any other line as wrong usage, in one line", wrong, (line) => {
  try {
    const { command, args } = parseLine(line);
    assert(typeof command === "string" && args.every((arg) => typeof arg === "string"), line);
  } catch (error) {
    assert(error instanceof Usage, String(error));
    assert(!error.message.includes("\n"), JSON.stringify(error.message));
  }
});

/** Bytes in pieces that end anywhere, also within a character. */
const streams = fc.tuple(
  fc.array(fc.oneof(anyText, requests.map((request) => JSON.stringify(request)))),
  fc.boolean(),
  fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 }),
).map(([texts, ended, sizes]) => {
  const text = texts.join("\n") + (ended ? "\n" : "");
  const bytes = new TextEncoder().encode(text);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let i = 0, begin = 0; begin < bytes.length; i++) {
    const end = begin + (sizes[i % sizes.length] ?? 1);
    pieces.push(bytes.slice(begin, end));
    begin = end;
  }
  return { text, pieces };
});

property("batch finds the lines of a stream, however it comes in", streams, async (stream) => {
  const found = await Array.fromAsync(splitLines(ReadableStream.from(stream.pieces), 20));
  const text = new TextDecoder("utf-8", { ignoreBOM: true });
  assertEquals(
    found.map((line) => line && text.decode(line)),
    stream.text.split("\n").map((line) =>
      new TextEncoder().encode(line).length > 20 ? undefined : line
    ),
  );
});
