import { assertEquals } from "@std/assert";
import { readBeginning } from "../../src/task/read_beginning.ts";

Deno.test("readBeginning() reads a file, or so much of it, whatever its size is", () => {
  const path = Deno.makeTempFileSync();
  try {
    // The length of a character is no divisor of the sizes of pieces: some lie across their bounds.
    for (const size of [0, 1, 16_383, 16_384, 16_385, 32_768, 50_000]) {
      const bytes = new TextEncoder().encode("€".repeat(size)).subarray(0, size);
      Deno.writeFileSync(path, bytes);
      for (const longest of [1, 100, 16_384, 16_385, 32_768, 40_000, 2 ** 20]) {
        using file = Deno.openSync(path);
        const length = Math.min(size, longest);
        const text = new TextDecoder().decode(bytes.subarray(0, length));
        assertEquals(readBeginning(file, longest), { text, length }, `${size}, ${longest}`);
      }
    }
  } finally {
    Deno.removeSync(path);
  }
});
