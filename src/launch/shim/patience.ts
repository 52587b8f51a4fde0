import { Failed } from "../../cli/errors.ts";

/** How long a step of a shell may take, in milliseconds, before `run` gives up. */
export const PATIENCE = 30_000;

/**
 * What the promise gives.
 *
 * @throws {Failed} if it has given nothing for so many milliseconds.
 */
export async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const say = () => reject(new Failed(`the shim has not answered for ${milliseconds / 1000} s`));
    timer = setTimeout(say, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
