/** How many letters may be wrong in a word, however long it is. */
const MOST = 3;

/**
 * How many letters must be added, dropped, replaced or swapped with the next to
 * make one word of the other (the optimal string alignment distance).
 *
 * @param most What is farther is not looked at closely: it is Infinity.
 */
export function distance(a: string, b: string, most = Infinity): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row: number[] = new Array(b.length + 1).fill(Infinity);
    const last = Math.min(b.length, i + most);
    if (i <= most) row[0] = i;
    let least = row[0] ?? Infinity;
    // Each letter by which the places differ was added or dropped.
    for (let j = Math.max(1, i - most); j <= last; j++) {
      const alike = a[i - 1] === b[j - 1];
      let far = (above[j - 1] ?? Infinity) + (alike ? 0 : 1);
      far = Math.min(far, (above[j] ?? Infinity) + 1, (row[j - 1] ?? Infinity) + 1);
      if (!alike && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        far = Math.min(far, (before[j - 2] ?? Infinity) + 1);
      }
      row[j] = far;
      least = Math.min(least, far);
    }
    if (least > most) return Infinity;
    [before, above] = [above, row];
  }
  const far = above[b.length] ?? Infinity;
  return far > most ? Infinity : far;
}

/** The candidate that was probably meant, if one is near enough: a third of its letters differ at most. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const third = Math.floor(Math.max(word.length, candidate.length) / 3);
    const tolerance = Math.min(MOST, least - 1, Math.max(1, third));
    // What differs in length by more cannot be near; this spares most of the work.
    if (Math.abs(word.length - candidate.length) > tolerance) continue;
    const far = distance(word.toLowerCase(), candidate.toLowerCase(), tolerance);
    // Of a word of one letter, nothing would be left.
    if (far < Math.min(word.length, candidate.length)) [best, least] = [candidate, far];
  }
  return best;
}

/** For the end of a sentence: `, did you mean "run"?`, or nothing. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const found = nearest(word, candidates);
  return found === undefined ? "" : `, did you mean "${found}"?`;
}
