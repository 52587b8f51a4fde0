import { TASK_MAX } from "../cli/names.ts";
import { Usage } from "../cli/errors.ts";

/** A part of a pattern: a star, or what says whether it stands for a certain character. */
type Part = "*" | ((character: string) => boolean);

/** What has a meaning in some shells' patterns, and in no name. */
const FOREIGN = "{}()|\\";

/**
 * Compiles a pattern as in glob(7): `*` stands for any characters, `?` for one, `[…]` for one
 * of these, `[!…]` for one that is not of these, and anything else for itself.
 *
 * Each character of a name is looked at once, with a constant number of operations, whatever
 * the pattern: the places in it that have been reached are the bits of one number (R.
 * Baeza-Yates and G. Gonnet, "A new approach to text searching", 1992).
 *
 * @returns what says whether a name matches, which is given by its characters.
 * @throws {Usage} if it is no pattern, or of a kind that only some shells have.
 */
export function compilePattern(pattern: string): (name: Iterable<string>) => boolean {
  const parts = parse(pattern);
  // No name has so many characters; and the numbers stay short.
  if (parts.filter((part) => part !== "*").length > TASK_MAX) return () => false;
  const stars = placesOf(parts, (part) => part === "*");
  const end = 1n << BigInt(parts.length);
  // A star can stand for nothing, and there are never two in a row.
  const withStars = (reached: bigint) => reached | ((reached & stars) << 1n);
  const known = new Map<string, bigint>();
  return (name) => {
    let reached = withStars(1n);
    for (const character of name) {
      let accepting = known.get(character);
      if (accepting === undefined) {
        accepting = placesOf(parts, (part) => part !== "*" && part(character));
        known.set(character, accepting);
      }
      reached = withStars(((reached & accepting) << 1n) | (reached & stars));
    }
    return (reached & end) !== 0n;
  };
}

/**
 * Which names match one of the patterns; all, if there is none.
 *
 * @throws {Usage} if one is no pattern.
 */
export function matching(words: readonly string[]): (name: string) => boolean {
  const patterns = words.map(compilePattern);
  return (name) => patterns.length === 0 || patterns.some((matches) => matches(name));
}

/** The places of some parts of a pattern, as the bits of a number. */
function placesOf(parts: readonly Part[], isMeant: (part: Part) => boolean): bigint {
  return parts.reduce(
    (places, part, place) => isMeant(part) ? places | (1n << BigInt(place)) : places,
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

/** The part of a pattern that begins with a bracket, and the place of the one that closes it. */
function parseBrackets(
  pattern: string,
  characters: readonly string[],
  begin: number,
): { part: Part; last: number } {
  const isNegated = ["!", "^"].includes(characters[begin + 1] ?? "");
  const first = begin + (isNegated ? 2 : 1);
  const ranges: [low: string, high: string][] = [];
  let at = first;
  // One that comes first is meant, and closes nothing.
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
