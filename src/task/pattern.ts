import { TASK_MAX } from "../cli/names.ts";
import { Usage } from "../cli/errors.ts";

/** A part of a pattern: a star, or a function that returns whether the part matches a character. */
type Part = "*" | ((character: string) => boolean);

/** Characters that have a meaning in the patterns of some shells, and do not occur in names. */
const FOREIGN = "{}()|\\";

/**
 * Compiles a pattern as in glob(7): `*` matches any characters, `?` one character, `[…]` one of
 * these characters, `[!…]` one other than these, and every other character matches itself.
 *
 * Each character of a name takes a constant number of operations, whatever the pattern: the
 * positions in the pattern that have been reached are the bits of one number (R. Baeza-Yates and
 * G. Gonnet, "A new approach to text searching", 1992).
 *
 * @returns a function that returns whether a name, given by its characters, matches.
 * @throws {Usage} if the pattern is malformed, or of a kind that only some shells know.
 */
export function compilePattern(pattern: string): (name: Iterable<string>) => boolean {
  const parts = parse(pattern);
  // No name is so long; this also limits the length of the numbers.
  if (parts.filter((part) => part !== "*").length > TASK_MAX) return () => false;
  const stars = positionsOf(parts, (part) => part === "*");
  const end = 1n << BigInt(parts.length);
  // A star can match no character, and the parser has joined stars in a row.
  const withStars = (reached: bigint) => reached | ((reached & stars) << 1n);
  const known = new Map<string, bigint>();
  return (name) => {
    let reached = withStars(1n);
    for (const character of name) {
      let accepting = known.get(character);
      if (accepting === undefined) {
        accepting = positionsOf(parts, (part) => part !== "*" && part(character));
        known.set(character, accepting);
      }
      reached = withStars(((reached & accepting) << 1n) | (reached & stars));
    }
    return (reached & end) !== 0n;
  };
}

/**
 * Compiles several patterns.
 *
 * @returns a function that returns whether a name matches one of them; it always does if there are
 * none.
 * @throws {Usage} as `compilePattern` does.
 */
export function matching(words: readonly string[]): (name: string) => boolean {
  const patterns = words.map(compilePattern);
  return (name) => patterns.length === 0 || patterns.some((matches) => matches(name));
}

/** Returns the positions of some parts of a pattern, as the bits of a number. */
function positionsOf(parts: readonly Part[], isMeant: (part: Part) => boolean): bigint {
  return parts.reduce(
    (positions, part, at) => isMeant(part) ? positions | (1n << BigInt(at)) : positions,
    0n,
  );
}

function parse(pattern: string): Part[] {
  const parts: Part[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (FOREIGN.includes(character)) {
      throw wrong(pattern, "only *, ? and […] have a meaning, but several can be given");
    }
    if (character === "*") {
      if (parts.at(-1) !== "*") parts.push("*");
    } else if (character === "?") {
      parts.push(() => true);
    } else if (character === "[") {
      const { part, last } = parseBrackets(pattern, characters, at);
      parts.push(part);
      at = last;
    } else {
      parts.push((other) => other === character);
    }
  }
  return parts;
}

/** Returns the part of a pattern that begins with a bracket, and the position of its closing bracket. */
function parseBrackets(
  pattern: string,
  characters: readonly string[],
  begin: number,
): { part: Part; last: number } {
  const isNegated = ["!", "^"].includes(characters[begin + 1] ?? "");
  const first = begin + (isNegated ? 2 : 1);
  const ranges: [low: string, high: string][] = [];
  let at = first;
  // A closing bracket in the first position stands for itself.
  while (at < characters.length && (characters[at] !== "]" || at === first)) {
    const [low = "", next = "", high = "]"] = characters.slice(at, at + 3);
    if (low === "[" && ":.=".includes(next) && next !== "") {
      throw wrong(pattern, `there are no classes such as [${next}digit${next}]`);
    }
    const isRange = next === "-" && high !== "]";
    if (isRange && low > high) throw wrong(pattern, "a range such as [a-z] must not go backwards");
    ranges.push([low, isRange ? high : low]);
    at += isRange ? 3 : 1;
  }
  if (at >= characters.length) throw wrong(pattern, 'a "]" is missing');
  const part = (character: string) =>
    ranges.some(([low, high]) => low <= character && character <= high) !== isNegated;
  return { part, last: at };
}

function wrong(pattern: string, why: string): Usage {
  return new Usage(`"${pattern}" is no pattern: ${why}`);
}
