/** The greatest distance of a suggested word, however long the word is. */
const MOST = 3;

/**
 * Returns the optimal string alignment distance of two words: how many letters must be added,
 * dropped, replaced or swapped with the next one to turn one word into the other.
 *
 * @param most The greatest distance of interest; Infinity is returned for a greater one.
 */
export function distance(a: string, b: string, most = Infinity): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row: number[] = new Array(b.length + 1).fill(Infinity);
    const last = Math.min(b.length, i + most);
    if (i <= most) row[0] = i;
    let least = row[0] ?? Infinity;
    // A cell at a distance of n from the diagonal has n added or dropped letters at least.
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

/** Returns the candidate nearest to a word, if at most a third of the letters differ. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const third = Math.floor(Math.max(word.length, candidate.length) / 3);
    const tolerance = Math.min(MOST, least - 1, Math.max(1, third));
    // The distance is at least the difference in length: most candidates are skipped here.
    if (Math.abs(word.length - candidate.length) > tolerance) continue;
    const far = distance(word.toLowerCase(), candidate.toLowerCase(), tolerance);
    // Two words whose every letter differs are not similar, however short they are.
    if (far < Math.min(word.length, candidate.length)) [best, least] = [candidate, far];
  }
  return best;
}

/** Returns the end of a message: `, did you mean "run"?`, or "" if no candidate is near. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const found = nearest(word, candidates);
  return found === undefined ? "" : `, did you mean "${found}"?`;
}
