import { Failed } from "../../cli/errors.ts";

/** How long `run` waits for a shell to report its next step, in milliseconds. */
export const STEP_TIMEOUT = 30_000;

/** The interval between two calls of `look`, in milliseconds. */
const LOOK = 500;

/**
 * Waits for a promise, at most a number of milliseconds.
 *
 * @param look Called every half second meanwhile; throws if waiting is of no use.
 * @returns the value of the promise.
 * @throws {Failed} if the promise has not been settled in time; the error of `look`.
 */
export async function within<T>(
  milliseconds: number,
  promise: Promise<T>,
  look?: () => void,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking: ReturnType<typeof setInterval> | undefined;
  const late = new Promise<never>((_, reject) => {
    const say = () =>
      reject(
        new Failed(
          `the shim has not answered for ${
            milliseconds / 1000
          } s: the host may be too busy: try again`,
        ),
      );
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
