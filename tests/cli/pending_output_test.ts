import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { PendingOutput, type Way } from "../../src/cli/pending_output.ts";

const NEWLINE = 10;

/** What takes some of the bytes, or none: it is full for a moment then. */
type Sink = (bytes: Uint8Array) => number;

/** The runtime's standard output, as Rust's LineWriter has it, with a flush at each call. */
class LineWriter {
  #buffer: number[] = [];

  constructor(private readonly sink: Sink) {}

  write(bytes: Uint8Array): number {
    const newline = bytes.lastIndexOf(NEWLINE);
    const count = newline < 0 ? this.#withoutLine(bytes) : this.#lines(bytes, newline + 1);
    this.#flush();
    return count;
  }

  #withoutLine(bytes: Uint8Array): number {
    if (this.#buffer.at(-1) === NEWLINE) this.#flush();
    if (bytes.length > 1024 - this.#buffer.length) this.#flush();
    if (bytes.length >= 1024) return this.#toSink(bytes);
    this.#buffer.push(...bytes);
    return bytes.length;
  }

  #lines(bytes: Uint8Array, end: number): number {
    this.#flush();
    const taken = this.#toSink(bytes.subarray(0, end));
    const rest = bytes.subarray(taken, taken >= end ? bytes.length : Math.min(end, taken + 1024));
    if (taken >= end && rest.length >= 1024) return taken;
    this.#buffer.push(...rest);
    return taken + rest.length;
  }

  #flush(): void {
    while (this.#buffer.length > 0) {
      this.#buffer.splice(0, this.#toSink(new Uint8Array(this.#buffer)));
    }
  }

  #toSink(bytes: Uint8Array): number {
    const count = this.sink(bytes);
    if (count === 0 && bytes.length > 0) throw new Deno.errors.WouldBlock();
    return count;
  }
}

/** Writes through all of that. Returns what has come out. */
function written(bytes: Uint8Array, way: Way, room: () => number): Uint8Array {
  const out: number[] = [];
  const sink: Sink = (piece) => {
    let count = Math.min(room(), piece.length);
    // Of at most PIPE_BUF bytes a pipe takes nothing in part.
    if (way === "pipe" && piece.length <= 4096 && count < piece.length) count = 0;
    for (const byte of piece.subarray(0, count)) out.push(byte);
    return count;
  };
  const writer = new LineWriter(sink);
  const rest = new PendingOutput(bytes, way);
  while (!rest.isDone) {
    try {
      rest.took(way === "direct" ? direct(sink, rest.piece()) : writer.write(rest.piece()));
    } catch (error) {
      rest.refused(error);
    }
  }
  return new Uint8Array(out);
}

function direct(sink: Sink, bytes: Uint8Array): number {
  const count = sink(bytes);
  if (count === 0 && bytes.length > 0) throw new Deno.errors.WouldBlock();
  return count;
}

for (const way of ["direct", "lines", "pipe"] as const) {
  Deno.test(`what is written piece by piece comes out once, wherever it is refused: ${way}`, () => {
    const line = fc.tuple(
      fc.oneof(fc.nat(80), fc.nat(3000), fc.constantFrom(1023, 1024, 4095, 4096, 70_000)),
      fc.boolean(),
    ).map(([length, ends]) => "x".repeat(length) + (ends ? "\n" : ""));
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 12 }),
        fc.array(fc.oneof(fc.nat(3), fc.nat(5000)), { minLength: 1, maxLength: 20 }),
        (lines, rooms) => {
          // Each letter tells where it stands.
          const bytes = new TextEncoder().encode(lines.join(""))
            .map((byte, i) => byte === NEWLINE ? byte : 97 + i % 23);
          let turn = 0;
          // Now and then there is room for a piece.
          const room = () => turn++ % 7 === 6 ? 4096 : rooms[turn % rooms.length] ?? 0;
          assertEquals(written(bytes, way, room), bytes);
        },
      ),
      { numRuns: 150 },
    );
  });
}

Deno.test("what is full is looked at less and less often, until it takes something", () => {
  const rest = new PendingOutput(new Uint8Array(10), "direct");
  const full = () => rest.refused(new Deno.errors.WouldBlock());
  assertEquals(Array.from({ length: 7 }, full), [1, 2, 4, 8, 16, 32, 32]);
  rest.took(1);
  assertEquals(full(), 1);
  assertEquals(rest.refused(new Deno.errors.Interrupted()), 0);
  assertThrows(() => rest.refused(new Deno.errors.BrokenPipe()), Deno.errors.BrokenPipe);
});
