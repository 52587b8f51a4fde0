import { Failed } from "../../cli/errors.ts";

/** How long a step of a shell may take, in milliseconds, before `run` gives up. */
export const STEP_TIMEOUT = 30_000;

/** How often it is looked whether there is something to wait for, in milliseconds. */
const LOOK = 500;

/**
 * What the promise gives.
 *
 * @param look Called meanwhile, time and again: throws if there is no use in waiting.
 * @throws {Failed} if it has given nothing for so many milliseconds.
 */
export async function within<T>(
  milliseconds: number,
  promise: Promise<T>,
  look?: () => void,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking: ReturnType<typeof setInterval> | undefined;
  const late = new Promise<never>((_, reject) => {
    const say = () => reject(new Failed(`the shim has not answered for ${milliseconds / 1000} s`));
    timer = setTimeout(say, milliseconds);
    if (look === undefined) return;
    looking = setInterval(() => {
      try {
        look();
      } catch (error) {
        reject(error);
      }
    }, LOOK);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    clearInterval(looking);
  }
}
