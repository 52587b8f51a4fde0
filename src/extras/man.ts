// What goes with the executable: the manual page, completions, an example for logrotate, packages.
import { Failed } from "../cli/errors.ts";
import { VERSION } from "../cli/version.ts";
import { describe } from "../show/describe.ts";
import { SCHEMAS } from "../show/schema.ts";
import PAGE from "./lanco.8" with { type: "text" };
import SHOW from "./show_man.sh" with { type: "text" };

/** The manual page in mdoc(7), for this version, with the fields of all JSON. */
export function manualPage(): string {
  return PAGE.replaceAll("@VERSION@", VERSION).replace('.\\" @JSON@\n', () => describe(SCHEMAS));
}

/**
 * Shows a page by the man(1) of this host, or as it is where there is none.
 *
 * @throws {Failed} if that fails.
 */
export async function showPage(page: string): Promise<void> {
  // The terminal sends ^C to the pager as well, which knows what to do.
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
