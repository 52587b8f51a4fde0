import { existsSync } from "@std/fs/exists";
import { Failed, reason } from "../cli/errors.ts";
import { isBelowLogs } from "../namespace/paths.ts";
import { unlessGone } from "../cgroup/cgroup.ts";
import type { OutputName } from "../task/drops.ts";
import { NAMES } from "./output_names.ts";

/** The reason for which a symbolic link is not rotated: `rotate.sh` says the same. */
const LINK = "it is a symbolic link";

/**
 * Rotates an existing log: renames it to `.1`, `.1` to `.2` and so on. A log that is not a regular
 * file, or that the user may not rename, is left as it is. A symbolic link is refused, for it may
 * be put there to have another file written.
 *
 * @param log The absolute path of the log.
 * @param keep How many rotated logs to keep.
 * @param output Which file it is.
 * @throws {Failed} if the log cannot be rotated.
 */
export async function rotate(log: string, keep: number, output: OutputName): Promise<void> {
  try {
    if (isBelowLogs(log)) rotateHere(log, keep);
    else await rotateElsewhere(log, keep);
  } catch (error) {
    const why = reason(error);
    const { what, option } = NAMES[output];
    const remedy = why === LINK ? `: remove it, or give another with ${option}` : "";
    throw new Failed(`cannot rotate the ${what} "${log}": ${why}${remedy}`);
  }
}

function rotateHere(log: string, keep: number): void {
  const there = unlessGone(() => Deno.lstatSync(log), undefined);
  if (there?.isSymlink) throw new Error(LINK);
  if (!there?.isFile) return;
  let last = 1;
  while (last < keep && existsSync(`${log}.${last}`)) last++;
  try {
    for (; last > 1; last--) Deno.renameSync(`${log}.${last - 1}`, `${log}.${last}`);
    if (keep === 0) Deno.removeSync(log);
    else Deno.renameSync(log, `${log}.1`);
    // Earlier runs may have kept more logs.
    for (let extra = keep + 1; existsSync(`${log}.${extra}`); extra++) {
      Deno.removeSync(`${log}.${extra}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  }
}

/** Rotates a log by a shell, for this executable is compiled with permission to write below the logs' directories only. */
async function rotateElsewhere(log: string, keep: number): Promise<void> {
  const { default: script } = await import("./rotate.sh", { with: { type: "text" } });
  const { success, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script, "lanco", log, String(keep)],
    cwd: "/",
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim().split("\n")[0]);
}
