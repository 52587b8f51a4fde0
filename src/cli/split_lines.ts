/**
 * Splits a stream of bytes into lines, without their newlines. The last line may lack a newline.
 *
 * @param longest The most bytes of a line. The bytes of a longer line are discarded.
 * @returns the lines in their order, with undefined in the place of a longer line.
 */
export async function* splitLines(
  stream: AsyncIterable<Uint8Array>,
  longest: number,
): AsyncGenerator<Uint8Array | undefined> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  const add = (piece: Uint8Array) => {
    length += piece.length;
    if (length <= longest) pieces.push(piece);
    else pieces = [];
  };
  const take = () => {
    const line = length <= longest ? joined(pieces, length) : undefined;
    [pieces, length] = [[], 0];
    return line;
  };
  for await (const bytes of stream) {
    let begin = 0;
    for (let end; (end = bytes.indexOf(10, begin)) >= 0; begin = end + 1) {
      add(bytes.subarray(begin, end));
      yield take();
    }
    add(bytes.subarray(begin));
  }
  yield take();
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return first;
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
