/**
 * How often a test tries something.
 *
 * @param variable The variable that can say so; less than usual would find less, and look the same.
 * @param usual How often, unless it says more.
 * @throws {Error} if it says less, or no whole number.
 */
export function repetitions(variable: string, usual: number): number {
  const text = Deno.env.get(variable);
  if (text === undefined) return usual;
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= usual) return number;
  throw new Error(`${variable} must be a whole number, ${usual} at least, not "${text}"`);
}
