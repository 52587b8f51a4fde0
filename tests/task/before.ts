/**
 * Has something done right before the first call of a method, or of one with certain arguments:
 * what another process might do in that moment.
 *
 * @returns what undoes it, called or not.
 */
export function before<K extends string>(
  // deno-lint-ignore no-explicit-any -- any method
  owner: Record<K, (...args: any[]) => unknown>,
  method: K,
  act: () => void,
  isMeant: (...args: unknown[]) => boolean = () => true,
): Disposable {
  const real = owner[method];
  const undo = () => void (owner[method] = real);
  owner[method] = function (this: unknown, ...args: unknown[]) {
    if (isMeant(...args)) {
      undo();
      act();
    }
    return real.apply(this, args);
  };
  return { [Symbol.dispose]: undo };
}
