/**
 * Calls a function right before the first call of a method, or of one with certain arguments, to do
 * what another process might do in that moment.
 *
 * @returns an object whose disposal restores the method, whether or not it was called.
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
