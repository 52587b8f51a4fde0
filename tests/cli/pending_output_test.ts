import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { PendingOutput, type WriteMode } from "../../src/cli/pending_output.ts";

const NEWLINE = 10;

/** A descriptor: takes some of the bytes and returns how many, or 0 if it is full. */
type Sink = (bytes: Uint8Array) => number;

/** A model of the runtime's standard output: Rust's LineWriter, with a flush at each call. */
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

/** Writes the bytes through the model, and returns the bytes that reach the descriptor. */
function written(bytes: Uint8Array, mode: WriteMode, room: () => number): Uint8Array {
  const out: number[] = [];
  const sink: Sink = (piece) => {
    let count = Math.min(room(), piece.length);
    // A pipe takes PIPE_BUF bytes or less whole or not at all.
    if (mode === "pipe" && piece.length <= 4096 && count < piece.length) count = 0;
    for (const byte of piece.subarray(0, count)) out.push(byte);
    return count;
  };
  const writer = new LineWriter(sink);
  const rest = new PendingOutput(bytes, mode);
  while (!rest.isDone) {
    try {
      rest.accepted(mode === "direct" ? direct(sink, rest.piece()) : writer.write(rest.piece()));
    } catch (error) {
      rest.failed(error);
    }
  }
  return new Uint8Array(out);
}

function direct(sink: Sink, bytes: Uint8Array): number {
  const count = sink(bytes);
  if (count === 0 && bytes.length > 0) throw new Deno.errors.WouldBlock();
  return count;
}

for (const mode of ["direct", "lines", "pipe"] as const) {
  Deno.test(`PendingOutput writes each byte once, wherever the descriptor is full: ${mode}`, () => {
    const line = fc.tuple(
      fc.oneof(fc.nat(80), fc.nat(3000), fc.constantFrom(1023, 1024, 4095, 4096, 70_000)),
      fc.boolean(),
    ).map(([length, ends]) => "x".repeat(length) + (ends ? "\n" : ""));
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 12 }),
        fc.array(fc.oneof(fc.nat(3), fc.nat(5000)), { minLength: 1, maxLength: 20 }),
        (lines, rooms) => {
          // Neighbouring letters differ, so that a lost or repeated one is found.
          const bytes = new TextEncoder().encode(lines.join(""))
            .map((byte, i) => byte === NEWLINE ? byte : 97 + i % 23);
          let turn = 0;
          // From time to time there is room for a whole piece.
          const room = () => turn++ % 7 === 6 ? 4096 : rooms[turn % rooms.length] ?? 0;
          assertEquals(written(bytes, mode, room), bytes);
        },
      ),
      { numRuns: 150 },
    );
  });
}

Deno.test("PendingOutput waits longer after each failure, until the descriptor takes a byte", () => {
  const rest = new PendingOutput(new Uint8Array(10), "direct");
  const full = () => rest.failed(new Deno.errors.WouldBlock());
  assertEquals(Array.from({ length: 7 }, full), [1, 2, 4, 8, 16, 32, 32]);
  rest.accepted(1);
  assertEquals(full(), 1);
  assertEquals(rest.failed(new Deno.errors.Interrupted()), 0);
  assertThrows(() => rest.failed(new Deno.errors.BrokenPipe()), Deno.errors.BrokenPipe);
});
