/**
 * Asks a question on standard error.
 *
 * @returns whether the answer, a line of standard input, is y or yes; true if none can be asked for,
 * because the question and the answer do not both go by a terminal.
 */
export function confirmOnTerminal(question: string): boolean {
  if (!Deno.stdin.isTerminal() || !Deno.stderr.isTerminal()) return true;
  Deno.stderr.writeSync(new TextEncoder().encode(question));
  const bytes = new Uint8Array(100);
  const length = Deno.stdin.readSync(bytes) ?? 0;
  return /^y(es)?$/i.test(new TextDecoder().decode(bytes.subarray(0, length)).trim());
}
