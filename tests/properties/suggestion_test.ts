import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { distance } from "../../src/cli/suggestion.ts";
import { property } from "./property.ts";

/** The same by its definition: the least of what each last step costs. */
function defined(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const [restA, restB] = [a.slice(0, -1), b.slice(0, -1)];
  const ways = [
    defined(restA, b) + 1,
    defined(a, restB) + 1,
    defined(restA, restB) + (a.at(-1) === b.at(-1) ? 0 : 1),
  ];
  if (a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)) {
    ways.push(defined(a.slice(0, -2), b.slice(0, -2)) + 1);
  }
  return Math.min(...ways);
}

const words = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 });

property(
  "distance() is what it is defined to be, or Infinity if that is more than is asked for",
  fc.tuple(words, words, fc.oneof(fc.nat(5), fc.constant(Infinity))),
  ([a, b, most]) => {
    const far = defined(a, b);
    assertEquals(distance(a, b, most), far <= most ? far : Infinity, `${a} ${b}`);
  },
);
