import { join } from "@std/path/posix/join";
import { unlessGone } from "./cgroup/cgroup.ts";
import { PROC } from "./paths.ts";

/**
 * The command line of a process, with a space after each argument, as the
 * original shows it; its name in brackets if it has none; `?????` if it is gone.
 * Control characters become spaces, so that no command can paint on a terminal.
 */
export function commandLine(pid: number, proc = PROC): string {
  // Bytes that are not UTF-8 become U+FFFD.
  const words = unlessGone(() => Deno.readTextFileSync(`${proc}/${pid}/cmdline`), "");
  if (words !== "") return printable(words);
  const name = unlessGone(() => Deno.readTextFileSync(`${proc}/${pid}/comm`), "");
  return name === "" ? "?????" : `[${printable(name.trimEnd())}]`;
}

/** The text with its control characters replaced by spaces. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- that is what it is for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}

/** The cgroups of a process: from the name of a hierarchy to the path in it. */
export function cgroupsOf(pid: number, proc = PROC): Map<string, string> {
  return parseCgroups(Deno.readTextFileSync(join(proc, String(pid), "cgroup")));
}

/**
 * Reads `/proc/<pid>/cgroup` (cgroups(7)). The unified hierarchy is called
 * `unified`, a hierarchy of v1 by its controllers or by its name.
 */
export function parseCgroups(text: string): Map<string, string> {
  const cgroups = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    cgroups.set(controllers.replace("name=", "") || "unified", path);
  }
  return cgroups;
}
