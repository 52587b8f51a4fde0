/**
 * How many letters must be added, dropped, replaced or swapped with the next to
 * make one word of the other (the optimal string alignment distance).
 */
export function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
        ? at(i - 2, j - 2) + 1
        : Infinity;
      rows[i]?.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped));
    }
  }
  return at(a.length, b.length);
}

/** The candidate that was probably meant, if one is near enough: a third of its letters differ at most. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    // What differs in length by more cannot be near; this spares most of the work.
    const tolerance = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (Math.abs(word.length - candidate.length) > tolerance) continue;
    const far = distance(word.toLowerCase(), candidate.toLowerCase());
    // Of a word of one letter, nothing would be left.
    const alike = far < Math.min(word.length, candidate.length);
    if (alike && far <= tolerance && far < least) [best, least] = [candidate, far];
  }
  return best;
}

/** For the end of a sentence: `, did you mean "run"?`, or nothing. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const found = nearest(word, candidates);
  return found === undefined ? "" : `, did you mean "${found}"?`;
}
