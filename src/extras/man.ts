// Files that belong to the executable: the manual page, completions, a logrotate example, packages.
import { Failed } from "../cli/errors.ts";
import { VERSION } from "../cli/version.ts";
import { describe } from "../show/describe.ts";
import { SCHEMAS } from "../show/schema.ts";
import PAGE from "./lanco.8" with { type: "text" };
import SHOW from "./show_man.sh" with { type: "text" };

/** Returns the manual page in mdoc(7), with this version and a description of all JSON output. */
export function manualPage(): string {
  return PAGE.replaceAll("@VERSION@", VERSION).replace('.\\" @JSON@\n', () => describe(SCHEMAS));
}

/**
 * Shows a page in mdoc(7) with the man(1) or mandoc(1) of this host, or else its source.
 *
 * @throws {Failed} if that program fails.
 */
export async function showPage(page: string): Promise<void> {
  // The pager gets the terminal's ^C as well, and handles it; this process must outlive it.
  Deno.addSignalListener("SIGINT", () => {});
  const viewer = new Deno.Command("/bin/sh", {
    args: ["-c", SHOW, "lanco"],
    cwd: "/",
    stdin: "piped",
  }).spawn();
  const writer = viewer.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(page));
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
  const { code } = await viewer.status;
  if (code !== 0) {
    throw new Failed(`man ended with status ${code}: try "lanco man | more"`);
  }
}
