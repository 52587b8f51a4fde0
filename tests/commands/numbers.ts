import { assertEquals } from "@std/assert";

const SCRIPT = Deno.readTextFileSync(new URL("numbers.py", import.meta.url));

/** The length of a line of `numbers.py`, in bytes. */
export const LINE = 16;

/** The command that writes numbered lines: see `numbers.py`. */
export function numbers(count: number, bytesPerSecond: number, ...more: string[]): string[] {
  return ["python3", "-c", SCRIPT, String(count), String(bytesPerSecond), ...more];
}

/** Returns the numbers of lines, which must follow one another. */
export function assertConsecutive(text: string): { first: number; last: number } {
  const lines = text.split("\n");
  assertEquals(lines.pop(), "", "it ends with a whole line");
  const first = Number(lines[0]);
  const wrong = lines.findIndex((line, i) => line !== String(first + i).padStart(LINE - 1, "0"));
  assertEquals(wrong === -1 ? "" : `${first + wrong}: ${lines.slice(wrong, wrong + 3)}`, "");
  return { first, last: first + lines.length - 1 };
}

/**
 * Checks the output of a follower: each byte is shown once, in order, or is among those of which a
 * message says that they were dropped before they could be shown.
 *
 * @returns the position behind the last byte that is shown.
 */
export function assertFollowed(text: string, notices: readonly number[]): number {
  let position = 0;
  const missing = [...notices];
  const expected = (from: number, length: number) => {
    const first = Math.floor(from / LINE);
    const lines = Array.from(
      { length: Math.ceil(length / LINE) + 1 },
      (_, i) => String(first + i).padStart(LINE - 1, "0") + "\n",
    ).join("");
    return lines.slice(from - first * LINE, from - first * LINE + length);
  };
  // In pieces as they were read: a gap can only come between two of them.
  for (let rest = text; rest !== "";) {
    const whole = expected(position, rest.length);
    if (rest === whole) return position + rest.length;
    let same = 0;
    while (rest[same] === whole[same]) same++;
    const gap = missing.shift();
    assertEquals(typeof gap, "number", `nothing says what is missing at ${position + same}`);
    // The bytes before and behind the gap may be alike.
    const at = Array.from({ length: LINE }, (_, i) => same - i).find((at) =>
      at >= 0 && rest.slice(at, at + 64) === expected(position + at + (gap ?? 0), 64)
    );
    assertEquals(typeof at, "number", `a wrong line at ${position + same}, ${gap} missing`);
    position += (at ?? 0) + (gap ?? 0);
    rest = rest.slice(at);
  }
  return position;
}
