// The manual pages.
import { Failed } from "../cli/errors.ts";
import { VERSION } from "../cli/version.ts";
import { describe } from "../show/describe.ts";
import { SCHEMAS } from "../show/schema.ts";
import DAEMON from "./lanco-daemon.7" with { type: "text" };
import DESIGN from "./lanco-design.7" with { type: "text" };
import PAGE from "./lanco.8" with { type: "text" };
import SHOW from "./show_man.sh" with { type: "text" };

/** The names of the pages besides lanco(8): lanco-daemon(7) and lanco-design(7). */
export type PageName = "daemon" | "design";

/**
 * Returns a manual page in mdoc(7), with this version.
 *
 * @param name The page; without it lanco(8), which has a description of all JSON output.
 */
export function manualPage(name?: PageName): string {
  const source = name === undefined
    ? PAGE.replace('.\\" @JSON@\n', () => describe(SCHEMAS))
    : { daemon: DAEMON, design: DESIGN }[name];
  return source.replaceAll("@VERSION@", VERSION);
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
  try {
    await new Blob([page]).stream().pipeTo(viewer.stdin);
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
  const { code } = await viewer.status;
  if (code !== 0) {
    throw new Failed(`man ended with status ${code}: try "lanco man | more"`);
  }
}
