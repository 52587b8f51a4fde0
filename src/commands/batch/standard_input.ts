/** How much is read at once, in bytes. */
const BLOCK = 65_536;

/** How long to leave alone what there is nothing in, in milliseconds: at first, and at last. */
const SHORT = 1, LONG = 32;

/**
 * What comes on standard input. Whoever shares it may have made it non-blocking, and the
 * runtime takes that for an error; it is looked at again and again then.
 */
export async function* standardInput(): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(BLOCK);
  for (let wait = SHORT;;) {
    try {
      const count = await Deno.stdin.read(block);
      if (count === null) return;
      yield block.slice(0, count);
      wait = SHORT;
    } catch (error) {
      if (!isEmpty(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(2 * wait, LONG);
    }
  }
}

function isEmpty(error: unknown): boolean {
  return error instanceof Deno.errors.WouldBlock || error instanceof Deno.errors.Interrupted;
}
