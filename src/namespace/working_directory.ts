import { Failed } from "../cli/errors.ts";
import { absolute, PROC } from "./paths.ts";

/**
 * The caller's working directory, which he may not be allowed to enter.
 *
 * @throws {Failed} if its name is not UTF-8: then it can be neither written down nor handed on.
 */
export function workingDirectory(): string {
  try {
    return Deno.readLinkSync(`${PROC}/self/cwd`);
  } catch (error) {
    if (!(error instanceof Error && error.message.includes("not valid UTF-8"))) throw error;
    throw new Failed(
      "the name of the working directory is not UTF-8: change to another, or give it and files by absolute paths, as in --chdir /tmp",
    );
  }
}

/** The absolute path of a file that the caller names; the working directory is only looked up for one that is relative. */
export function fromHere(path: string): string {
  return absolute(path, path.startsWith("/") ? "/" : workingDirectory());
}
