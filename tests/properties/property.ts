/** What the tests share that try a property with many cases, which fast-check makes up. */
import fc from "fast-check";

/** How many cases each property is tried with. */
const CASES = 2000;

/** How many of them a shell tries at once, where starting it costs more than the cases do. */
const BATCH = 500;

/** Declares a test that a property holds in every case; it shows the smallest that fails, and its seed. */
export function property<T>(
  name: string,
  cases: fc.Arbitrary<T>,
  holds: (value: T) => void | Promise<void>,
): void {
  Deno.test(name, async () => {
    await fc.assert(fc.asyncProperty(cases, async (value) => await holds(value)), {
      numRuns: CASES,
    });
  });
}

/** The same with many cases at once, of which `holds` is to name the one that fails. */
export function batchProperty<T>(
  name: string,
  cases: fc.Arbitrary<T>,
  holds: (batch: T[]) => Promise<void>,
  size = BATCH,
): void {
  const batches = fc.array(cases, { minLength: size, maxLength: size });
  Deno.test(name, async () => {
    const { failed, seed, errorInstance } = await fc.check(fc.asyncProperty(batches, holds), {
      numRuns: CASES / size,
      // Smaller ones could only be found by running all the others with them.
      endOnFailure: true,
    });
    if (failed) throw new Error(`with seed ${seed}: ${errorInstance}`);
  });
}

/** Text of up to `maxLength` units out of these, or out of anything. */
export function textOf(units: string, maxLength = 20): fc.Arbitrary<string> {
  const unit = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...units) },
    { weight: 1, arbitrary: anyUnit },
  );
  return fc.string({ unit, maxLength });
}

const anyUnit = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  fc.constantFrom(
    ..."\0\n\r\t\x1b\x7f\x85\x9b\u2028\u202e\u2066\u200f\u061c\ufeff'\"\\$`;|&*?[]{}()<>#~=%!/: ",
  ),
);

/** Text of anything that Unicode knows, much of it hostile. */
export const anyText: fc.Arbitrary<string> = fc.string({ unit: anyUnit, maxLength: 40 });

/** Text that an argument of a program can be: without NUL. */
export const anyArgument: fc.Arbitrary<string> = anyText.map((text) => text.replaceAll("\0", "0"));

/**
 * What the function gives; nothing if it throws an error of one of these classes.
 *
 * @throws any other error.
 */
export function unless<T>(
  // deno-lint-ignore no-explicit-any -- whatever it is constructed with
  classes: (new (...args: any[]) => Error)[],
  look: () => T,
): T | undefined {
  try {
    return look();
  } catch (error) {
    if (classes.some((known) => error instanceof known)) return undefined;
    throw error;
  }
}
