/** Returns whether a question can be asked: whether both the question and the answer go by a terminal. */
export function hasTerminal(): boolean {
  return Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
}

/** Asks a question on standard error. Returns whether the answer, a line of standard input, is y or yes. */
export function ask(question: string): boolean {
  Deno.stderr.writeSync(new TextEncoder().encode(question));
  const bytes = new Uint8Array(100);
  const length = Deno.stdin.readSync(bytes) ?? 0;
  return /^y(es)?$/i.test(new TextDecoder().decode(bytes.subarray(0, length)).trim());
}
