/**
 * Pieces of work that end when a test says so.
 *
 * @returns `begin` and `end`, by the name of a piece, and the list of what has `happened`.
 */
export function work() {
  const happened: string[] = [];
  const ends = new Map<string, () => void>();
  const begin = (name: string) => {
    happened.push(`${name} begins`);
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.set(name, resolve);
    return promise.then(() => void happened.push(`${name} ends`));
  };
  const end = async (name: string) => {
    ends.get(name)?.();
    await settled();
  };
  return { happened, begin, end };
}

/** Waits until all promises that can be settled now are settled. */
export const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
