import { spend } from "../cli/budget.ts";

/** The piece of a file that was read last: to allocate one for each file would cost much memory. */
const piece = new Uint8Array(2 ** 14);

/**
 * Reads a file, or the beginning of a long one.
 *
 * @param longest How much to read at most, in bytes.
 * @returns the text, and the number of its bytes.
 */
export function readBeginning(
  file: Deno.FsFile,
  longest: number,
): { text: string; length: number } {
  const decoder = new TextDecoder();
  let [text, length] = ["", 0];
  while (length < longest) {
    const count = file.readSync(piece.subarray(0, longest - length));
    if (count === null) break;
    spend(count);
    text += decoder.decode(piece.subarray(0, count), { stream: true });
    length += count;
  }
  return { text: text + decoder.decode(), length };
}
