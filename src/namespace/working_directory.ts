import { Failed } from "../cli/errors.ts";
import { absolute, PROC } from "./paths.ts";

/**
 * Returns the path of the caller's working directory, which the caller may not be allowed to enter.
 *
 * @throws {Failed} if the path is not UTF-8: the runtime could neither record it nor pass it on.
 */
export function workingDirectory(): string {
  try {
    return Deno.readLinkSync(`${PROC}/self/cwd`);
  } catch (error) {
    if (!(error instanceof Error && error.message.includes("not valid UTF-8"))) throw error;
    throw new Failed(
      "the name of the working directory is not UTF-8: change to another, or give --chdir and each file as an absolute path, as in --chdir /tmp",
    );
  }
}

/**
 * Returns the absolute path of a file that the caller names. Only for a relative path is the
 * working directory looked up, which can fail.
 *
 * @throws {Failed} if the path is relative, and that of the working directory is not UTF-8.
 */
export function fromHere(path: string): string {
  return absolute(path, path.startsWith("/") ? "/" : workingDirectory());
}
